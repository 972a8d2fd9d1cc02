"""Makes deployments. Each setting comes from the narrowest place that has it; the provider's defaults come last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType, structs

from turnout.config import Settings
from turnout.config.addresses import is_own
from turnout.config.environment import EXTRAS, Environment, Extras
from turnout.config.settings import (
    AccessSettings,
    DeploymentSettings,
    ImageSettings,
    ModelSettings,
    ProviderSettings,
    RetrySettings,
    Tuning,
)
from turnout.core import (
    Defaults,
    Deployment,
    ImageLimits,
    Model,
    Network,
    Prefill,
    Retries,
    Secret,
    Timeouts,
    Traits,
    Weights,
)
from turnout.facts import Way, told_way_of, traits_of, vendor_of, way_of
from turnout.providers import Provider, in_process, is_local

from .pricing import configured_price

_TIMEOUTS: Final = Timeouts()
_RETRIES: Final = Retries()
_DIRECT: Final = Secret("")


class ProviderAccess(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's address and credentials, from the environment or the file. They hold for all its deployments.

    ``self_reference`` is the variable, the key of the file or the address that leads to Turnout itself; empty: none.
    """

    base_url: str
    api_key: Secret | None
    key_source: str | None
    api_version: str | None
    headers: dict[str, str]
    self_reference: str = ""


class DeploymentFactory:
    """``providers`` has each provider under all its names, in lower case. Its deployments have no id and no book price.

    ``key_variables`` has, by provider, the environment variable that its ``api_key`` in the file came from.
    """

    def __init__(
        self,
        settings: Settings,
        environment: Environment,
        providers: Mapping[str, Provider],
        key_variables: Mapping[str, str],
    ) -> None:
        self._settings = settings
        self._environment = environment
        self._providers = providers
        self._provider_settings = {name.lower(): section for name, section in settings.providers.items()}
        self._key_variables = key_variables
        self._access: dict[str, ProviderAccess] = {}

    def provider(self, name: str) -> Provider | None:
        return self._providers.get(name.lower())

    def provider_names(self) -> Sequence[str]:
        return sorted(self._providers)

    def providers(self) -> Iterable[Provider]:
        """Each provider once."""
        return {provider.name: provider for provider in self._providers.values()}.values()

    def known_provider(self, name: str) -> Provider:
        """The provider of a name that has been checked already."""
        return self._providers[name.lower()]

    def has_address(self, provider: Provider, settings: DeploymentSettings) -> bool:
        return in_process(provider) or bool(settings.base_url or self.access(provider).base_url)

    def self_reference(self, provider: Provider, settings: DeploymentSettings) -> str:
        """The setting that leads the deployment to Turnout, which would ask itself for ever. Empty when none does."""
        if settings.base_url is None:
            return "" if in_process(provider) else self.access(provider).self_reference
        return "'base_url'" if is_own(settings.base_url, self._settings.server) else ""

    def access(self, provider: Provider) -> ProviderAccess:
        access = self._access.get(provider.name)
        if access is None:
            access = self._access[provider.name] = self._find_access(provider)
        return access

    def is_usable(self, provider: Provider) -> bool:
        """Whether the provider can be asked with the address and key that environment and file give it."""
        if in_process(provider):
            return True
        access = self.access(provider)
        if not access.base_url or access.self_reference:
            return False
        return bool(access.api_key) or is_local(provider) or self._section(provider) is not None

    def model(
        self, name: str, deployments: Iterable[Deployment], settings: ModelSettings | None = None, created: int = 0
    ) -> Model:
        """``settings`` are those of a model in the file."""
        own = ModelSettings(deployments=[]) if settings is None else settings
        return Model(
            name=name,
            deployments=tuple(deployments),
            policy=own.policy,
            weights=Weights(**structs.asdict(own.weights)),
            affinity=own.affinity,
            needs_tags=frozenset(own.needs_tags),
            fallbacks=tuple(own.fallbacks),
            strict=own.strict,
            midstream=self._settings.midstream if own.midstream is None else own.midstream,
            upstream=own.upstream,
            on_content_filter=own.on_content_filter,
            hedge=own.hedge,
            unpriced=own.unpriced or self._settings.unpriced,
            cache=own.cache,
            created=created,
        )

    def make(
        self,
        provider: Provider,
        settings: DeploymentSettings,
        model: Tuning | None = None,
        key_variable: str | None = None,
    ) -> Deployment:
        """``model`` has the settings that a model's deployments share. ``key_variable`` is where the key came from."""
        access = self.access(provider)
        layers = [layer for layer in (settings, model, self._section(provider)) if layer is not None]
        base_url = (settings.base_url or access.base_url).rstrip("/")
        traits = self._traits(provider, settings.model, base_url, layers)
        return Deployment(
            id="",
            provider=provider.name,
            model=settings.model,
            base_url=base_url,
            api_key=settings.api_key or access.api_key,
            key_source=key_variable if settings.api_key else access.key_source,
            api_version=settings.api_version or access.api_version,
            headers=access.headers | _sendable(model.headers if model else {}) | _sendable(settings.headers),
            network=_network([layer for layer in (settings, self._section(provider)) if layer is not None]),
            weight=settings.weight,
            tags=frozenset(settings.tags),
            concurrency=settings.concurrency,
            queue=settings.queue,
            timeouts=self._timeouts(provider, layers),
            retries=self._retries(layers),
            defaults=_defaults(layers, Defaults()),
            service_defaults=_defaults(layers, _service_defaults(provider, traits)),
            traits=traits,
            price=configured_price(provider, layers),
            options={name: msgspec.Raw(msgspec.json.encode(value)) for name, value in settings.options.items()},
        )

    def _section(self, provider: Provider) -> ProviderSettings | None:
        """The provider's section in the file."""
        names = (provider.name, *provider.profile.aliases)
        return next((self._provider_settings[name] for name in names if name in self._provider_settings), None)

    def _find_access(self, provider: Provider) -> ProviderAccess:
        profile, section = provider.profile, self._section(provider) or ProviderSettings()
        extras = EXTRAS.get(provider.name, Extras())
        key = self._environment.key(profile)
        source: str | None
        secret: Secret | None
        if key is not None:
            source, secret = key
        elif section.api_key:
            source, secret = self._key_variables.get(provider.name), section.api_key
        else:  # the variable to put a key in
            source, secret = next(iter(profile.key_variables), None), None
        setting, address = self._environment.address(profile) or (
            (f"'providers.{provider.name}.base_url'", section.base_url)
            if section.base_url
            else (profile.base_url, profile.base_url)
        )
        return ProviderAccess(
            base_url=address.rstrip("/"),
            self_reference=setting if is_own(address, self._settings.server) else "",
            api_key=secret,
            key_source=source,
            api_version=self._environment.value(*extras.version) or section.api_version,
            headers=_sendable(section.headers | self._environment.headers(provider.name)),
        )

    def _traits(self, provider: Provider, model: str, base_url: str, layers: Sequence[Tuning]) -> Traits:
        known, vendor = _known_traits(provider, model), vendor_of(base_url)
        said = [layer.traits for layer in layers]
        inputs = _first(said, "inputs", known.inputs)
        refuses = _first(said, "refuses", UNSET)
        prefill = _first(said, "prefill", UNSET if known.prefill else False)
        way = _way(prefill, provider.name, base_url, model)
        return Traits(
            refuses=known.refuses if refuses is UNSET else frozenset(refuses),
            refuses_thinking=known.refuses_thinking if refuses is UNSET else frozenset(),
            context=_first(said, "context", known.context),
            max_output=_first(said, "max_output", known.max_output),
            inputs=None if inputs is None else frozenset(inputs),
            prefill=prefill is not False,
            continues=way.prefill if way else None,
            repeats=way.repeats if way else False,
            thinking=known.thinking,
            efforts=known.efforts,
            schemas=known.schemas,
            reasoning_content=_first(said, "reasoning_content", vendor.reasoning_content),
            stream_options=_first(said, "stream_options", vendor.stream_options),
            tokenizer=_first(said, "tokenizer", known.tokenizer),
            images=_images(known.images, provider, [t.images for t in said if t.images is not UNSET]),
        )

    def _timeouts(self, provider: Provider, layers: Sequence[Tuning]) -> Timeouts:
        timeouts = [*(layer.timeouts for layer in layers), self._settings.timeouts]
        return Timeouts(
            connect=_first(timeouts, "connect", _TIMEOUTS.connect),
            first_token=_first(timeouts, "first_token", provider.profile.first_token),
            first_byte=_first(timeouts, "first_byte", _TIMEOUTS.first_byte),
            stall=_first(timeouts, "stall", _TIMEOUTS.stall),
            total=_first(timeouts, "total", _TIMEOUTS.total),
            queue=_first(timeouts, "queue", _TIMEOUTS.queue),
        )

    def _retries(self, layers: Sequence[Tuning]) -> Retries:
        retries: list[RetrySettings] = [*(layer.retries for layer in layers), self._settings.retries]
        return Retries(**{name: _first(retries, name, getattr(_RETRIES, name)) for name in Retries.__struct_fields__})


def _sendable(headers: Mapping[str, str]) -> dict[str, str]:
    """Names in lower case, so that one name has one value; values without blanks around them."""
    return {name.lower(): value.strip() for name, value in headers.items()}


def _network(layers: Sequence[AccessSettings]) -> Network | None:
    """None: by the environment's proxy, with the system's authorities, without a client certificate."""
    proxy = next((layer.proxy for layer in layers if layer.proxy is not UNSET), UNSET)
    ca = next((layer.ca for layer in layers if layer.ca), "")
    client = next(((layer.client_cert, layer.client_key or "") for layer in layers if layer.client_cert), ("", ""))
    network = Network(
        proxy=None if proxy is UNSET else proxy or _DIRECT, ca=ca, client_cert=client[0], client_key=client[1]
    )
    return None if network == Network() else network


def _known_traits(provider: Provider, model: str) -> Traits:
    """The traits that the model's name implies.

    A local server can change a model's limits, which stay unknown. So does the context at a provider whose operators
    choose the names of deployments (Azure): by a wrong one, requests would be refused.
    """
    known = traits_of(model)
    if is_local(provider):
        return Traits(inputs=known.inputs, thinking=known.thinking, tokenizer=known.tokenizer, images=known.images)
    return known if provider.profile.lists_served else structs.replace(known, context=None)


def _way(prefill: bool | Prefill | UnsetType, provider: str, base_url: str, model: str) -> Way | None:
    """How the model is told to go on with an answer that was begun, if it does. ``prefill`` goes before the facts."""
    if isinstance(prefill, UnsetType):
        return way_of(provider, base_url, model)
    return told_way_of(provider, base_url, prefill if isinstance(prefill, str) else None) if prefill else None


def _images(known: ImageLimits | None, provider: Provider, layers: Sequence[ImageSettings]) -> ImageLimits | None:
    """None: the provider's own limits hold."""
    names = [name for name in ImageSettings.__struct_fields__ if _first(layers, name, UNSET) is not UNSET]
    if not names:
        return known
    changed = {name: _first(layers, name, None) for name in names}
    if "formats" in changed:
        changed["formats"] = frozenset(changed["formats"])
    return structs.replace(known or provider.profile.images or ImageLimits(), **changed)


def _defaults(layers: Sequence[Tuning], otherwise: Defaults) -> Defaults:
    return Defaults(**{name: _first(layers, name, getattr(otherwise, name)) for name in Defaults.__struct_fields__})


def _service_defaults(provider: Provider, traits: Traits) -> Defaults:
    """The provider's ``max_tokens`` isn't for reasoning models: they would spend all of it on reasoning."""
    defaults = provider.profile.defaults
    return structs.replace(defaults, max_tokens=None) if "max_tokens" in traits.refuses else defaults


def _first(layers: Sequence[msgspec.Struct], field: str, default: Any) -> Any:
    """The field's value in the first layer that sets it."""
    for layer in layers:
        value = getattr(layer, field)
        if value is not UNSET:
            return value
    return default
