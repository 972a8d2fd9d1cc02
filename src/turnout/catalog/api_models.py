"""Models that were made through the API: their form in the database, and what they become."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

import msgspec
from msgspec import structs

from turnout.config import ADMIN_VARIABLE, PriceSettings, TimeoutSettings
from turnout.config.mistakes import suggestion
from turnout.config.settings import DeploymentSettings
from turnout.core import Model, Secret
from turnout.errors import InvalidRequest
from turnout.providers import Provider
from turnout.storage import ModelRow

from .factory import DeploymentFactory
from .pricing import api_price

ModelType = Literal["chat", "completion", "embedding", "image", "audio"]
Status = Literal["active", "inactive"]

_KEY_VARIABLE = re.compile(r"[A-Za-z0-9_]*_(KEY|TOKEN)\Z", re.IGNORECASE)


class ApiModel(msgspec.Struct, frozen=True, kw_only=True):
    """``id`` is what clients ask for, ``name`` what people read. Its JSON outlives versions: new fields have defaults.

    ``max_tokens`` is the model's context, ``price`` USD per 1M tokens; None: what is known of the upstream model holds.
    ``api_key_env`` names the environment variable of the key; an ``api_key`` stands in the database as it is.
    ``created`` and ``updated`` are Unix times in seconds.
    """

    id: str
    name: str
    provider: str
    upstream_model: str
    type: ModelType = "chat"
    status: Status = "active"
    capabilities: tuple[str, ...] = ()
    max_tokens: int | None = None
    price: PriceSettings | None = None
    base_url: str | None = None
    api_key_env: str | None = None
    api_key: Secret | None = None
    api_version: str | None = None
    timeouts: TimeoutSettings = TimeoutSettings()
    created: int = 0
    updated: int = 0


def _reveal(value: object) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    raise NotImplementedError


_encode = msgspec.json.Encoder(enc_hook=_reveal).encode
_decode = msgspec.json.Decoder(ApiModel, dec_hook=lambda form, value: form(value)).decode


def row_of(made: ApiModel) -> ModelRow:
    """Its key is in the row as it is."""
    return ModelRow(id=made.id, definition=_encode(made).decode(), created=made.created, updated=made.updated)


def api_model_of(row: ModelRow) -> ApiModel:
    """Raises ``msgspec.DecodeError`` for what another version has written and this one can't read."""
    return _decode(row.definition)


def checked(made: ApiModel, factory: DeploymentFactory, variables: Mapping[str, str]) -> ApiModel:
    """``made`` with its provider's own name. Raises ``InvalidRequest`` with the field for what the form can't say."""
    provider = factory.provider(made.provider)
    if provider is None:
        names = factory.provider_names()
        hint = suggestion(made.provider, names) or f"; expected one of {', '.join(names)}"
        raise InvalidRequest(f"The provider '{made.provider}' is not known{hint}", param="provider")
    if not factory.has_address(provider, _said(made)):
        raise InvalidRequest(f"'base_url' is missing: {provider.profile.title} has no usual address.", param="base_url")
    if factory.own_address(provider, _said(made)):
        raise InvalidRequest("'base_url' is Turnout's own address: it would ask itself.", param="base_url")
    if made.api_key is not None and made.api_key_env is not None:
        raise InvalidRequest("Give 'api_key_env' or 'api_key', not both.", param="api_key")
    if made.api_key_env is not None:
        _check_variable(made.api_key_env, variables)
    return structs.replace(made, provider=provider.name)


def _check_variable(name: str, variables: Mapping[str, str]) -> None:
    """Whatever else is in the environment is nobody's key, and must not be sent to an address that a request names."""
    if not _KEY_VARIABLE.match(name) or name == ADMIN_VARIABLE:
        raise InvalidRequest("'api_key_env' has to name a variable that ends in _KEY or _TOKEN.", param="api_key_env")
    if not variables.get(name, "").strip():
        raise InvalidRequest(f"The environment variable {name} is not set here.", param="api_key_env")


def model_of(made: ApiModel, factory: DeploymentFactory, variables: Mapping[str, str]) -> Model | None:
    """The model without its deployment's id; None when there is no such provider (any more)."""
    provider = factory.provider(made.provider)
    if provider is None or not factory.has_address(provider, _said(made)):
        return None
    deployment = factory.make(provider, _said(made))
    if made.max_tokens is not None:
        deployment = structs.replace(deployment, traits=structs.replace(deployment.traits, context=made.max_tokens))
    if made.price is not None:
        deployment = structs.replace(deployment, price=api_price(deployment.price))
    if made.api_key_env is not None:
        value = variables.get(made.api_key_env, "").strip()
        deployment = structs.replace(deployment, key_source=made.api_key_env, api_key=Secret(value) if value else None)
    elif made.api_key is None and _is_elsewhere(made, factory, provider):
        deployment = structs.replace(deployment, api_key=None, key_source=None)
    if _is_elsewhere(made, factory, provider):
        deployment = structs.replace(deployment, headers={})
    return Model(name=made.id, deployments=(deployment,), created=made.created)


def _is_elsewhere(made: ApiModel, factory: DeploymentFactory, provider: Provider) -> bool:
    """The key and the headers of environment and file belong to the provider's address: no request leads them away."""
    return made.base_url is not None and made.base_url.rstrip("/") != factory.access(provider).base_url


def _said(made: ApiModel) -> DeploymentSettings:
    return DeploymentSettings(
        provider=made.provider,
        model=made.upstream_model,
        base_url=made.base_url,
        api_key=made.api_key,
        api_version=made.api_version,
        timeouts=made.timeouts,
        price=made.price,
    )
