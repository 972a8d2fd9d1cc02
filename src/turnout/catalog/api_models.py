"""Models made through the API: their form in the database, their checks, and the models that they become."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

import msgspec
from msgspec import structs

from turnout.config import ADMIN_VARIABLE, PriceSettings, TimeoutSettings
from turnout.config.mistakes import suggestion
from turnout.config.settings import DeploymentSettings
from turnout.core import Model, Network, Secret
from turnout.errors import InvalidRequest
from turnout.providers import Provider
from turnout.storage import SECRET_KEY_VARIABLE, ModelRow, Vault, is_sealed

from .factory import DeploymentFactory
from .pricing import api_price

ModelType = Literal["chat", "completion", "embedding", "image", "audio"]
Status = Literal["active", "inactive"]

_KEY_VARIABLE = re.compile(r"[A-Za-z0-9_]*_(KEY|TOKEN)\Z", re.IGNORECASE)


class ApiModel(msgspec.Struct, frozen=True, kw_only=True):
    """Clients ask for the ``id``; people read the ``name``. The database keeps its JSON: new fields need defaults.

    ``max_tokens`` is the model's context. ``price`` is USD per 1M tokens. Where one is None, the facts and the price
    book decide. ``api_key_env`` names the environment variable of the key. The database holds an ``api_key`` encrypted.
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


def row_of(api_model: ApiModel, vault: Vault) -> ModelRow:
    """The row holds the API key encrypted. Raises ``SecretsUnavailable``."""
    if api_model.api_key is not None:
        sealed = vault.seal(api_model.api_key.reveal(), _place(api_model.id))
        api_model = structs.replace(api_model, api_key=Secret(sealed))
    return ModelRow(
        id=api_model.id, definition=_encode(api_model).decode(), created=api_model.created, updated=api_model.updated
    )


def api_model_of(row: ModelRow, vault: Vault) -> ApiModel:
    """Raises ``msgspec.DecodeError`` for a row that another version has written and this one can't read, and
    ``SecretsUnavailable`` for an API key that can't be decrypted.
    """
    api_model = _decode(row.definition)
    key = api_model.api_key
    if key is None or not is_sealed(key.reveal()):
        return api_model
    return structs.replace(api_model, api_key=Secret(vault.open(key.reveal(), _place(row.id))))


def stored_key(row: ModelRow) -> str | None:
    """The API key as it is stored: encrypted, or in plain text by an earlier version. None: there is none that this
    version can read.
    """
    try:
        key = _decode(row.definition).api_key
    except msgspec.DecodeError:
        return None
    return None if key is None else key.reveal()


def resealed(row: ModelRow, vault: Vault) -> ModelRow:
    """The row with its API key encrypted by the key that encrypts now, and with all else as it was.

    Raises ``SecretsUnavailable``.
    """
    fields: dict[str, object] = msgspec.json.decode(row.definition)
    key = str(fields["api_key"])
    plain = vault.open(key, _place(row.id)) if is_sealed(key) else key
    fields["api_key"] = vault.seal(plain, _place(row.id))
    return structs.replace(row, definition=msgspec.json.encode(fields).decode())


def _place(id_: str) -> str:
    return f"models/{id_}/api_key"


def checked(api_model: ApiModel, factory: DeploymentFactory, variables: Mapping[str, str]) -> ApiModel:
    """The model with its provider's main name. Raises ``InvalidRequest``, which names the field."""
    provider = factory.provider(api_model.provider)
    if provider is None:
        names = factory.provider_names()
        hint = suggestion(api_model.provider, names) or f"; expected one of {', '.join(names)}"
        raise InvalidRequest(f"The provider '{api_model.provider}' is not known{hint}", param="provider")
    if not factory.has_address(provider, _settings_of(api_model)):
        raise InvalidRequest(f"'base_url' is missing: {provider.profile.title} has no usual address.", param="base_url")
    if factory.self_reference(provider, _settings_of(api_model)):
        raise InvalidRequest("'base_url' is Turnout's own address: it would ask itself.", param="base_url")
    if api_model.api_key is not None and api_model.api_key_env is not None:
        raise InvalidRequest("Give 'api_key_env' or 'api_key', not both.", param="api_key")
    if api_model.api_key_env is not None:
        _check_variable(api_model.api_key_env, variables)
    return structs.replace(api_model, provider=provider.name)


def _check_variable(name: str, variables: Mapping[str, str]) -> None:
    """Other variables aren't API keys. They must never be sent to an address that a request names."""
    if not _KEY_VARIABLE.match(name) or name in (ADMIN_VARIABLE, SECRET_KEY_VARIABLE):
        raise InvalidRequest("'api_key_env' has to name a variable that ends in _KEY or _TOKEN.", param="api_key_env")
    if not variables.get(name, "").strip():
        raise InvalidRequest(f"The environment variable {name} is not set here.", param="api_key_env")


def model_of(api_model: ApiModel, factory: DeploymentFactory, variables: Mapping[str, str]) -> Model | None:
    """The model, without an id for its deployment. None when its provider is unknown or has no address."""
    provider = factory.provider(api_model.provider)
    if provider is None or not factory.has_address(provider, _settings_of(api_model)):
        return None
    deployment = factory.make(provider, _settings_of(api_model))
    if api_model.max_tokens is not None:
        deployment = structs.replace(
            deployment, traits=structs.replace(deployment.traits, context=api_model.max_tokens)
        )
    if api_model.price is not None:
        deployment = structs.replace(deployment, price=api_price(deployment.price))
    if api_model.api_key_env is not None:
        value = variables.get(api_model.api_key_env, "").strip()
        deployment = structs.replace(
            deployment, key_source=api_model.api_key_env, api_key=Secret(value) if value else None
        )
    elif api_model.api_key is None and _has_own_address(api_model, factory, provider):
        deployment = structs.replace(deployment, api_key=None, key_source=None)
    if _has_own_address(api_model, factory, provider):
        deployment = structs.replace(deployment, headers={}, network=_without_client(deployment.network))
    return factory.model(api_model.id, (deployment,), created=api_model.created)


def _without_client(network: Network | None) -> Network | None:
    return None if network is None else structs.replace(network, client_cert="", client_key="")


def _has_own_address(api_model: ApiModel, factory: DeploymentFactory, provider: Provider) -> bool:
    """Whether the model has another address than its provider. The provider's key, headers and client certificate
    must not go there."""
    return api_model.base_url is not None and api_model.base_url.rstrip("/") != factory.access(provider).base_url


def _settings_of(api_model: ApiModel) -> DeploymentSettings:
    return DeploymentSettings(
        provider=api_model.provider,
        model=api_model.upstream_model,
        base_url=api_model.base_url,
        api_key=api_model.api_key,
        api_version=api_model.api_version,
        timeouts=api_model.timeouts,
        price=api_model.price,
    )
