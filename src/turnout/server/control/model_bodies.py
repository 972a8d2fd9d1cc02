"""Request and reply bodies of the model routes, with the field names of earlier systems."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator

from turnout.catalog import ModelType, Status

Source = Literal["api", "configuration", "discovery", "built in"]

_ID = re.compile(r"[^\s/?#%\\\x00-\x1f\x7f]+(/[^\s/?#%\\\x00-\x1f\x7f]+)*\Z")
_EXAMPLE: dict[str, Any] = {
    "id": "fast",
    "name": "Fast",
    "provider": "openai",
    "upstream_model": "gpt-6-luna",
    "type": "chat",
    "max_tokens": 1050000,
    "cost_per_1k_input": 0.0001,
    "cost_per_1k_output": 0.0005,
    "capabilities": ["text-generation", "vision"],
    "api_key_env": "OPENAI_API_KEY",
}


def is_id(text: str) -> str:
    if not _ID.match(text) or {".", ".."} & set(text.split("/")):
        raise ValueError("expected a name without spaces and ?#%\\, which '/' may part")
    return text


def _is_address(text: str) -> str:
    try:
        parts = urlsplit(text)
        has_host = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        has_host = False
    if (
        not has_host
        or not text.isascii()
        or any(character <= " " for character in text)
        or parts.query
        or parts.fragment
        or "@" in parts.netloc
    ):
        raise ValueError("expected an address like http://host:port/path, without credentials")
    return text


def _is_sendable(key: SecretStr) -> SecretStr:
    """A key goes into a header. Headers take only printable ASCII, and blanks around it are no part of it."""
    text = key.get_secret_value().strip()
    if not text or not text.isascii() or not text.isprintable():
        raise ValueError("expected printable ASCII characters")
    return SecretStr(text)


_READ_ONLY = frozenset({"source", "has_api_key", "lifecycle", "created", "updated"})

ModelId = Annotated[str, Field(min_length=1, max_length=256), AfterValidator(is_id)]
Word = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_.:-]*$", max_length=64)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=256)]
UsdPerThousand = Annotated[Decimal, Field(ge=0, le=1000, allow_inf_nan=False)]
UsdPerMillion = Annotated[Decimal, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PriceBody(Body):
    """US dollars per 1M tokens."""

    input: UsdPerMillion
    output: UsdPerMillion
    cached_input: UsdPerMillion | None = Field(None, description="None: as `input`")
    cache_write: UsdPerMillion | None = Field(None, description="None: as `input`")


class TimeoutsBody(Body):
    """Seconds. A field that isn't sent has the provider's default."""

    connect: Seconds | None = None
    first_token: Seconds | None = Field(None, description="from sending the request to the first piece of the answer")
    first_byte: Seconds | None = Field(None, description="the same, of an answer that isn't streamed")
    stall: Seconds | None = Field(None, description="between two pieces of the answer")
    total: Seconds | None = None
    queue: Annotated[float, Field(ge=0, le=3_600)] | None = Field(
        None, description="for its turn at a deployment; 0: no request waits"
    )


class ModelChange(Body):
    """A field that isn't sent stays as it is. `null` resets a field to its default."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"status": "inactive"}})

    @model_validator(mode="before")
    @classmethod
    def _drop_read_only_fields(cls, data: Any) -> Any:
        """Lets a client send back a record that it has read, with a change in it."""
        if not isinstance(data, dict):
            return data
        return {name: value for name, value in data.items() if name not in _READ_ONLY}

    id: ModelId | None = Field(None, description="what clients ask for; can't be changed")
    name: Text | None = Field(None, description="what people read")
    provider: Text | None = Field(None, description="openai, anthropic, ollama, …")
    upstream_model: Text | None = Field(None, description="what the provider calls it")
    type: ModelType | None = None
    status: Status | None = Field(None, description="`inactive`: nobody is served under this id")
    capabilities: list[Word] | None = Field(None, max_length=64)
    max_tokens: int | None = Field(None, ge=1, le=1_000_000_000, description="the model's context in tokens")
    cost_per_1k_input: UsdPerThousand | None = Field(None, description="US dollars per 1,000 tokens")
    cost_per_1k_output: UsdPerThousand | None = None
    price: PriceBody | None = Field(None, description="the same per 1M tokens: this, or the two `cost_per_1k_…`")
    base_url: Annotated[str, Field(max_length=2048), AfterValidator(_is_address)] | None = Field(
        None, description="the provider's address, if it is another one than usual"
    )
    api_key_env: Word | None = Field(None, description="the environment variable with the key: …_KEY or …_TOKEN")
    api_key: Annotated[SecretStr, AfterValidator(_is_sendable)] | None = Field(
        None, min_length=1, max_length=4096, description="the key itself; it is stored encrypted, and never shown"
    )
    api_version: Text | None = Field(None, description="Azure's")
    timeouts: TimeoutsBody | None = None


class ModelDraft(ModelChange):
    """A model to create. It needs an `id` or a `name`; each replaces the other when it is missing."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": _EXAMPLE})

    provider: Text = Field(description="openai, anthropic, ollama, …")


class ListedModel(BaseModel):
    """A model in the lists of the model service. `null`: unknown.

    If a model has several deployments, `type`, `max_tokens` and `capabilities` hold for all of them. The other fields
    are those of the first one in the file.
    """

    id: str
    name: str
    provider: str
    type: ModelType
    max_tokens: int | None = Field(description="the model's context in tokens")
    cost_per_1k_input: float | None = Field(description="US dollars per 1,000 tokens")
    cost_per_1k_output: float | None
    capabilities: list[str]


class LifecycleBody(BaseModel):
    """How long the provider will serve the upstream model, as far as it has announced."""

    status: Literal["active", "deprecated", "retired"]
    shutdown_date: date | None
    replacement: str | None = Field(description="what its provider recommends")


class ModelRecord(ListedModel):
    """A model with its source and its access. The key itself is never shown.

    `base_url`, `api_key_env` and `timeouts` are `null` for callers who can't change models.
    """

    status: Status
    source: Source = Field(description="only what is from the `api` can be changed here")
    upstream_model: str
    price: PriceBody | None = Field(description="US dollars per 1M tokens")
    base_url: str | None
    api_key_env: str | None
    has_api_key: bool
    api_version: str | None
    timeouts: TimeoutsBody | None
    lifecycle: LifecycleBody
    created: int | None = Field(description="Unix time in seconds; for what was made here")
    updated: int | None


class ModelPage(BaseModel):
    items: list[ModelRecord]
    total: int = Field(description="matching records, on all pages")
    page: int
    page_size: int
    pages: int
