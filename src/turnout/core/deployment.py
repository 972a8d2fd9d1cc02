"""A deployment: one way to serve a model."""

from __future__ import annotations

from typing import Literal

import msgspec

from .money import Price
from .secret import Secret


class Timeouts(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds. ``first_token`` runs from sending the request, ``stall`` between two pieces of the answer."""

    connect: float = 5
    first_token: float = 30
    stall: float = 30
    total: float = 600


class Retries(msgspec.Struct, frozen=True, kw_only=True):
    """``attempts`` at one deployment before the next one; ``backoff`` doubles from its first value, in seconds."""

    attempts: int = 2
    backoff: float = 0.5
    backoff_max: float = 8


class Defaults(msgspec.Struct, frozen=True, kw_only=True):
    """Sent when the caller says nothing. ``None`` sends nothing."""

    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None


class Traits(msgspec.Struct, frozen=True, kw_only=True):
    """Facts about the upstream model that change what may be sent to it."""

    sampling: bool = True  # takes temperature and top_p
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """``id`` is unique in the catalog and stable across reloads; ``key_source`` names the variable of the key."""

    id: str
    provider: str
    model: str
    base_url: str = ""
    api_key: Secret | None = None
    key_source: str | None = None
    api_version: str | None = None
    headers: dict[str, str] = {}
    weight: int = 1
    timeouts: Timeouts = Timeouts()
    retries: Retries = Retries()
    defaults: Defaults = Defaults()
    traits: Traits = Traits()
    price: Price | None = None
    options: dict[str, msgspec.Raw] = {}
