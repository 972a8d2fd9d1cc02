"""Makes deployments: each setting from the narrowest place that says it, down to the provider's own defaults."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import UNSET, structs

from turnout.config import Settings
from turnout.config.addresses import is_own
from turnout.config.environment import EXTRAS, Environment, Extras
from turnout.config.settings import DeploymentSettings, ImageSettings, ProviderSettings, RetrySettings, Tuning
from turnout.core import Defaults, Deployment, ImageLimits, Retries, Secret, Timeouts, Traits
from turnout.facts import traits_of
from turnout.providers import Provider, in_process, is_local

from .pricing import configured_price

_TIMEOUTS: Final = Timeouts()
_RETRIES: Final = Retries()


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """Where a provider is and what opens it, as far as environment and file say so for all its deployments.

    ``own`` says what leads to Turnout's own address, when something does: a variable, a key of the file, an address.
    """

    base_url: str
    api_key: Secret | None
    key_source: str | None
    api_version: str | None
    headers: dict[str, str]
    own: str = ""


class DeploymentFactory:
    """``providers`` by every name they have, in lower case. What it makes has no id yet, and no price of the book."""

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
        self._said = {name.lower(): said for name, said in settings.providers.items()}
        self._key_variables = key_variables
        self._access: dict[str, Access] = {}

    def provider(self, name: str) -> Provider | None:
        return self._providers.get(name.lower())

    def provider_names(self) -> Sequence[str]:
        return sorted(self._providers)

    def providers(self) -> Iterable[Provider]:
        """Each once."""
        return {provider.name: provider for provider in self._providers.values()}.values()

    def known_provider(self, name: str) -> Provider:
        """The provider of a name that has been checked."""
        return self._providers[name.lower()]

    def has_address(self, provider: Provider, said: DeploymentSettings) -> bool:
        return in_process(provider) or bool(said.base_url or self.access(provider).base_url)

    def own_address(self, provider: Provider, said: DeploymentSettings) -> str:
        """What leads the deployment to Turnout itself, which would then ask itself for ever; else empty."""
        if said.base_url is None:
            return "" if in_process(provider) else self.access(provider).own
        return "'base_url'" if is_own(said.base_url, self._settings.server) else ""

    def access(self, provider: Provider) -> Access:
        known = self._access.get(provider.name)
        if known is None:
            known = self._access[provider.name] = self._find_access(provider)
        return known

    def is_open(self, provider: Provider) -> bool:
        """Whether the provider can be asked without more than what environment and file say for all of it."""
        if in_process(provider):
            return True
        access = self.access(provider)
        return bool(access.base_url and not access.own) and (
            bool(access.api_key) or is_local(provider) or self._named(provider) is not None
        )

    def make(
        self,
        provider: Provider,
        said: DeploymentSettings,
        model: Tuning | None = None,
        key_variable: str | None = None,
    ) -> Deployment:
        """``model`` is what all deployments of a model share; ``key_variable`` is where ``said``'s key came from."""
        access = self.access(provider)
        layers = [layer for layer in (said, model, self._named(provider)) if layer is not None]
        traits = self._traits(provider, said.model, layers)
        return Deployment(
            id="",
            provider=provider.name,
            model=said.model,
            base_url=(said.base_url or access.base_url).rstrip("/"),
            api_key=said.api_key or access.api_key,
            key_source=key_variable if said.api_key else access.key_source,
            api_version=said.api_version or access.api_version,
            headers=access.headers | (model.headers if model else {}) | said.headers,
            weight=said.weight,
            timeouts=self._timeouts(provider, layers),
            retries=self._retries(layers),
            defaults=_defaults(provider, traits, layers),
            traits=traits,
            price=configured_price(provider, layers),
            options={name: msgspec.Raw(msgspec.json.encode(value)) for name, value in said.options.items()},
        )

    def _named(self, provider: Provider) -> ProviderSettings | None:
        names = (provider.name, *provider.profile.aliases)
        return next((self._said[name] for name in names if name in self._said), None)

    def _find_access(self, provider: Provider) -> Access:
        profile, said = provider.profile, self._named(provider) or ProviderSettings()
        extras = EXTRAS.get(provider.name, Extras())
        key = self._environment.key(profile)
        source: str | None
        secret: Secret | None
        if key is not None:
            source, secret = key
        elif said.api_key:
            source, secret = self._key_variables.get(provider.name), said.api_key
        else:  # where to put one
            source, secret = next(iter(profile.key_variables), None), None
        place, address = self._environment.address(profile) or (
            (f"'providers.{provider.name}.base_url'", said.base_url)
            if said.base_url
            else (profile.base_url, profile.base_url)
        )
        return Access(
            base_url=address.rstrip("/"),
            own=place if is_own(address, self._settings.server) else "",
            api_key=secret,
            key_source=source,
            api_version=self._environment.value(*extras.version) or said.api_version,
            headers=said.headers | self._environment.headers(provider.name),
        )

    def _traits(self, provider: Provider, model: str, layers: Sequence[Tuning]) -> Traits:
        known = _known_traits(provider, model)
        said = [layer.traits for layer in layers]
        inputs = _first(said, "inputs", known.inputs)
        refuses = _first(said, "refuses", UNSET)
        return Traits(
            refuses=known.refuses if refuses is UNSET else frozenset(refuses),
            refuses_thinking=known.refuses_thinking if refuses is UNSET else frozenset(),
            context=_first(said, "context", known.context),
            max_output=_first(said, "max_output", known.max_output),
            inputs=None if inputs is None else frozenset(inputs),
            prefill=_first(said, "prefill", known.prefill),
            tokenizer=_first(said, "tokenizer", known.tokenizer),
            images=_images(known.images, provider, [t.images for t in said if t.images is not UNSET]),
        )

    def _timeouts(self, provider: Provider, layers: Sequence[Tuning]) -> Timeouts:
        said = [*(layer.timeouts for layer in layers), self._settings.timeouts]
        return Timeouts(
            connect=_first(said, "connect", _TIMEOUTS.connect),
            first_token=_first(said, "first_token", provider.profile.first_token),
            first_byte=_first(said, "first_byte", _TIMEOUTS.first_byte),
            stall=_first(said, "stall", _TIMEOUTS.stall),
            total=_first(said, "total", _TIMEOUTS.total),
        )

    def _retries(self, layers: Sequence[Tuning]) -> Retries:
        said: list[RetrySettings] = [*(layer.retries for layer in layers), self._settings.retries]
        return Retries(**{name: _first(said, name, getattr(_RETRIES, name)) for name in Retries.__struct_fields__})


def _known_traits(provider: Provider, model: str) -> Traits:
    """What the model's name tells. Not its limits where operators choose the names; of a model on a machine of theirs,
    only what no server changes.
    """
    known = traits_of(model)
    if is_local(provider):
        return Traits(inputs=known.inputs, tokenizer=known.tokenizer, images=known.images)
    return known if provider.profile.lists_served else structs.replace(known, context=None, max_output=None)


def _images(known: ImageLimits | None, provider: Provider, said: Sequence[ImageSettings]) -> ImageLimits | None:
    """None: what the provider takes holds."""
    names = [name for name in ImageSettings.__struct_fields__ if _first(said, name, UNSET) is not UNSET]
    if not names:
        return known
    changed = {name: _first(said, name, None) for name in names}
    if "formats" in changed:
        changed["formats"] = frozenset(changed["formats"])
    return structs.replace(known or provider.profile.images or ImageLimits(), **changed)


def _defaults(provider: Provider, traits: Traits, layers: Sequence[Tuning]) -> Defaults:
    """A provider's own ``max_tokens`` is not for models that think first: they would spend all of it on thoughts."""
    own = provider.profile.defaults
    if "max_tokens" in traits.refuses:
        own = structs.replace(own, max_tokens=None)
    return Defaults(**{name: _first(layers, name, getattr(own, name)) for name in Defaults.__struct_fields__})


def _first(layers: Sequence[msgspec.Struct], field: str, default: Any) -> Any:
    for layer in layers:
        value = getattr(layer, field)
        if value is not UNSET:
            return value
    return default
