"""Why a name isn't served, and what would change that. Tells names of variables and commands, never values."""

from __future__ import annotations

import re
from typing import Final

from turnout.facts import OPEN_MODELS, maker_of
from turnout.providers import Provider, is_local

from .discovery import Discovery
from .factory import DeploymentFactory
from .names import LONGEST

_VENDOR = re.compile(r"[a-z][a-z0-9_]{1,30}\Z")
"""What a provider could be called. Names such as ``Qwen/Qwen3-0.6B`` begin with their maker's, mostly in capitals."""

_ONLY_CONFIGURED: Final = "only what the configuration names is served ('discovery: false')."
_NO_PROVIDER: Final = (
    "there is no provider '{}'. An address on OpenAI's wire is configured as a model with "
    "'provider: compatible' and its 'base_url'."
)
_OWN: Final = "{} is Turnout's own address: it would ask itself. Say another address for {}, or none."
_ANSWERS: Final = {
    "found": "did not list it",
    "asking": "has not told its models yet",
    "unauthorized": "refuses the key that is set here",
}
_WHERE: Final = "where Turnout runs and start it again"


class Unserved:
    """Asked when a name was not found: so it looks at what is known then, and not before."""

    def __init__(self, factory: DeploymentFactory, discovery: Discovery, *, by_discovery: bool) -> None:
        self._factory = factory
        self._discovery = discovery
        self._by_discovery = by_discovery

    def __call__(self, name: str) -> str:
        """The reason and the cure, as they follow a colon; empty when nothing is known of the name."""
        if not self._by_discovery:
            return _ONLY_CONFIGURED
        prefix, slash, upstream = name.partition("/")
        provider = self._factory.provider(prefix) if slash else None
        if provider is not None:
            return self._of_provider(provider, upstream)
        if upstream and _VENDOR.match(prefix):
            return _NO_PROVIDER.format(prefix)
        maker = maker_of(name[:LONGEST])
        if maker == OPEN_MODELS:
            return self._of_local_servers()
        provider = self._factory.provider(maker) if maker else None
        return "" if provider is None else self._of_maker(provider, name)

    def _of_provider(self, provider: Provider, upstream: str) -> str:
        if not upstream:
            return f"say which model of {provider.profile.title}'s: {provider.name}/NAME."
        return "" if self._factory.is_open(provider) else how_to_open(self._factory, provider)

    def _of_maker(self, provider: Provider, name: str) -> str:
        if not self._factory.is_open(provider):
            return how_to_open(self._factory, provider)
        found = next((found for found in self._discovery.findings() if found.provider == provider.name), None)
        told = _ANSWERS.get(found.outcome if found else "", "could not be asked for its models")
        return f"{provider.profile.title} {told}. Ask for {provider.name}/{name} to try all the same."

    def _of_local_servers(self) -> str:
        known = [(found, self._factory.known_provider(found.provider)) for found in self._discovery.findings()]
        local = [(found, provider.profile.start_hint) for found, provider in known if is_local(provider)]
        answering = [found.title for found, _ in local if found.outcome == "found"]
        if answering:
            return f"{' and '.join(answering)} did not list it."
        starts = " or ".join(f"`{hint}`" for _, hint in local)
        return f"no local server answers. Start one that has it: {starts}." if starts else ""


def how_to_open(factory: DeploymentFactory, provider: Provider) -> str:
    """What a provider needs before it can be asked, and where to say it."""
    profile, access = provider.profile, factory.access(provider)
    section = f"under 'providers.{provider.name}' in the configuration"
    if access.own:
        return _OWN.format(access.own, profile.title)
    if access.base_url:
        wanted = " or ".join(profile.key_variables)
        return f"{profile.title} needs a key. Set {wanted} {_WHERE}, or say 'api_key' {section}."
    if not profile.url_variables:
        return "this provider has no usual address. Configure a model with its 'base_url'."
    wanted = " and ".join(profile.url_variables[:1] + (() if access.api_key else profile.key_variables[:1]))
    return f"{profile.title} needs an address. Set {wanted} {_WHERE}, or say 'base_url' and 'api_key' {section}."
