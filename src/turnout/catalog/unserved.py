"""Why a name isn't served, and how to change that. The texts hold names of variables and commands, never values."""

from __future__ import annotations

import re
from typing import Final

from turnout.facts import OPEN_MODELS, maker_of
from turnout.providers import Provider, is_local

from .discovery import Discovery
from .factory import DeploymentFactory
from .names import MAX_COMPARED

_PROVIDER_NAME = re.compile(r"[a-z][a-z0-9_]{1,30}\Z")
"""Matches what could be a provider's name. The makers in names such as ``Qwen/Qwen3-0.6B`` mostly have capitals."""

_ONLY_CONFIGURED: Final = "only what the configuration names is served ('discovery: false')."
_NO_PROVIDER: Final = (
    "there is no provider '{}'. An address on OpenAI's wire is configured as a model with "
    "'provider: compatible' and its 'base_url'."
)
_SELF_REFERENCE: Final = "{} is Turnout's own address: it would ask itself. Say another address for {}, or none."
_OUTCOMES: Final = {
    "found": "did not list it",
    "asking": "has not told its models yet",
    "unauthorized": "refuses the key that is set here",
}
_WHERE: Final = "where Turnout runs and start it again"


class UnservedReasons:
    """Gives the reason when a request asks for an unknown name, by what discovery has found until then."""

    def __init__(self, factory: DeploymentFactory, discovery: Discovery, *, discovers: bool) -> None:
        self._factory = factory
        self._discovery = discovery
        self._discovers = discovers

    def reason(self, name: str) -> str:
        """The reason and what to do, as a text after a colon. Empty when nothing is known about the name."""
        if not self._discovers:
            return _ONLY_CONFIGURED
        prefix, slash, upstream = name.partition("/")
        provider = self._factory.provider(prefix) if slash else None
        if provider is not None:
            return self._of_provider(provider, upstream)
        if upstream and _PROVIDER_NAME.match(prefix):
            return _NO_PROVIDER.format(prefix)
        maker = maker_of(name[:MAX_COMPARED])
        if maker == OPEN_MODELS:
            return self._of_local_servers()
        provider = self._factory.provider(maker) if maker else None
        return "" if provider is None else self._of_maker(provider, name)

    def _of_provider(self, provider: Provider, upstream: str) -> str:
        if not upstream:
            return f"say which model of {provider.profile.title}'s: {provider.name}/NAME."
        return "" if self._factory.is_usable(provider) else how_to_enable(self._factory, provider)

    def _of_maker(self, provider: Provider, name: str) -> str:
        if not self._factory.is_usable(provider):
            return how_to_enable(self._factory, provider)
        findings = {finding.provider: finding for finding in self._discovery.findings()}
        outcome = findings[provider.name].outcome if provider.name in findings else ""
        problem = _OUTCOMES.get(outcome, "could not be asked for its models")
        return f"{provider.profile.title} {problem}. Ask for {provider.name}/{name} to try all the same."

    def _of_local_servers(self) -> str:
        findings = [(finding, self._factory.known_provider(finding.provider)) for finding in self._discovery.findings()]
        local = [(finding, provider.profile) for finding, provider in findings if is_local(provider)]
        answering = [finding.title for finding, _ in local if finding.outcome == "found"]
        if answering:
            return f"{' and '.join(answering)} did not list it."
        commands = " or ".join(f"`{profile.start_hint}`" for _, profile in local)
        return f"no local server answers. Start one that has it: {commands}." if commands else ""


def how_to_enable(factory: DeploymentFactory, provider: Provider) -> str:
    """Advice: the setting that the provider lacks, and where to set it."""
    profile, access = provider.profile, factory.access(provider)
    section = f"under 'providers.{provider.name}' in the configuration"
    if access.self_reference:
        return _SELF_REFERENCE.format(access.self_reference, profile.title)
    if access.base_url:
        variables = " or ".join(profile.key_variables)
        return f"{profile.title} needs a key. Set {variables} {_WHERE}, or say 'api_key' {section}."
    if not profile.url_variables:
        return "this provider has no usual address. Configure a model with its 'base_url'."
    variables = " and ".join(profile.url_variables[:1] + (() if access.api_key else profile.key_variables[:1]))
    return f"{profile.title} needs an address. Set {variables} {_WHERE}, or say 'base_url' and 'api_key' {section}."
