"""Checks across the whole configuration: known and unique names, no circles, different keys.

``turnout.config.validation`` checks each value by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from ipaddress import ip_network

from turnout.config.document import Document
from turnout.config.files import DeploymentEntry, Files, agent_entry, deployment_entries
from turnout.config.headers import is_sendable_key
from turnout.config.mistakes import KeyPath, Mistake, below, suggestion
from turnout.config.references import circle
from turnout.config.settings import KeySettings, ModelSettings
from turnout.core import Secret
from turnout.errors import SHORTEST_SECRET
from turnout.providers import Provider

from .access_checks import NO_KEY, access_mistakes, header_mistakes
from .allowance_checks import allowance_mistakes, budget_references
from .factory import DeploymentFactory
from .names import NameIndex
from .patterns import Patterns
from .token_checks import token_mistakes
from .unserved import how_to_enable


class Checker:
    def __init__(
        self, files: Files, factory: DeploymentFactory, providers: Collection[str], policies: Collection[str]
    ) -> None:
        self._files = files
        self._settings = files.settings
        self._document = files.document
        self._factory = factory
        self._providers = sorted(providers)
        self._policies = sorted(policies)
        self._names = {*self._settings.models, *self._settings.aliases, *self._settings.agents, *files.agents}

    def mistakes(self) -> Iterator[Mistake]:
        """All mistakes, in the order of the file's sections."""
        yield from self._server_mistakes()
        yield from token_mistakes(self._document, self._settings.auth.jwt)
        yield from self._provider_mistakes()
        yield from self._model_mistakes()
        yield from self._agent_mistakes()
        yield from self._repeated_names()
        yield from self._circle()
        if not self._settings.discovery:
            yield from (mistake for _, mistake in self.unresolved())
        yield from self._key_mistakes()
        yield from allowance_mistakes(self._settings, self._document)

    def _server_mistakes(self) -> Iterator[Mistake]:
        for number, network in enumerate(self._settings.server.trusted_proxies):
            try:
                ip_network(network, strict=False)
            except ValueError:
                problem = "expected an IP address or a network, such as 10.0.0.0/8"
                yield self._document.mistake(("server", "trusted_proxies", number), problem)

    def locations(self) -> Iterator[tuple[str, str]]:
        """Each configured name, and where it is written: ``turnout.yaml:3: models.fast``."""
        for document, path in self._name_locations():
            yield str(path[-1]), str(document.mistake(path, "")).removesuffix(": ")

    def unresolved(self) -> Iterator[tuple[str, Mistake]]:
        """Names in aliases, fallbacks and budgets that the files don't define. Only discovery can bring them."""
        also = ", and discovery has not found one yet" if self._settings.discovery else ""
        index, patterns = NameIndex(self._names), Patterns(self._settings.aliases)
        for path, name in self._references():
            known = name in self._names or (path[0] != "aliases" and patterns.match(name) is not None)
            if not known and not self._is_usable_directly(name):
                close = index.close_to(name)
                hint = f"; did you mean '{close[0]}'?" if close else self._how_to_enable(name)
                yield (
                    name,
                    self._document.mistake(path, f"expected the name of a model; none has this name{also}{hint}"),
                )

    def _references(self) -> Iterator[tuple[KeyPath, str]]:
        for alias, name in self._settings.aliases.items():
            yield ("aliases", alias), name
        for name, model in self._settings.models.items():
            if isinstance(model, ModelSettings):
                for number, fallback in enumerate(model.fallbacks):
                    yield ("models", name, "fallbacks", number), fallback
        yield from budget_references(self._settings)

    def _is_usable_directly(self, name: str) -> bool:
        """Whether the name is ``provider/upstream-model`` with a provider that can be asked."""
        provider = self._direct_provider(name)
        return provider is not None and self._factory.is_usable(provider)

    def _how_to_enable(self, name: str) -> str:
        provider = self._direct_provider(name)
        return "" if provider is None else f": {how_to_enable(self._factory, provider)}"

    def _direct_provider(self, name: str) -> Provider | None:
        return self._factory.provider(name.partition("/")[0]) if "/" in name and self._settings.discovery else None

    def _provider_mistakes(self) -> Iterator[Mistake]:
        seen: dict[str, str] = {}
        for name, settings in self._settings.providers.items():
            provider = self._factory.provider(name)
            if provider is None:
                yield self._document.mistake(("providers", name), f"unknown provider{self._provider_hint(name)}")
            elif provider.name in seen:
                yield self._document.mistake(("providers", name), f"the same provider as '{seen[provider.name]}'")
            else:
                seen[provider.name] = name
                yield from access_mistakes(self._document, settings, below("providers", name))

    def _model_mistakes(self) -> Iterator[Mistake]:
        for name, model in self._settings.models.items():
            if isinstance(model, ModelSettings) and model.policy not in self._policies:
                expected = f"expected one of {', '.join(self._policies)}{suggestion(model.policy, self._policies)}"
                yield self._document.mistake(("models", name, "policy"), expected)
            if isinstance(model, ModelSettings):
                yield from header_mistakes(self._document, model.headers, ("models", name, "headers"))
            for entry in deployment_entries(name, model, self._document):
                yield from self._deployment_mistakes(entry)

    def _agent_mistakes(self) -> Iterator[Mistake]:
        for name, agent, document in self._files.agent_entries():
            yield from self._deployment_mistakes(agent_entry(name, agent, document))

    def _deployment_mistakes(self, entry: DeploymentEntry) -> Iterator[Mistake]:
        provider = self._factory.provider(entry.settings.provider)
        if provider is None:
            hint = self._provider_hint(entry.settings.provider)
            yield entry.document.mistake(entry.path_of("provider"), f"unknown provider{hint}")
        elif not self._factory.has_address(provider, entry.settings):
            variables = " or ".join(provider.profile.url_variables)
            also = f", or an address in the environment variable {variables}" if variables else ""
            yield entry.document.mistake(entry.path_of("base_url"), f"expected the address of this provider{also}")
        elif mistakes := list(access_mistakes(entry.document, entry.settings, entry.path_of)):
            yield from mistakes
        elif setting := self._factory.self_reference(provider, entry.settings):
            problem = f"expected another address than Turnout's own, to which {setting} leads: it would ask itself"
            yield entry.document.mistake(entry.path_of("base_url"), problem)

    def _provider_hint(self, name: str) -> str:
        return suggestion(name, self._providers) or f"; expected one of {', '.join(self._providers)}"

    def _repeated_names(self) -> Iterator[Mistake]:
        first: dict[str, tuple[Document, KeyPath]] = {}
        for document, path in self._name_locations():
            name = str(path[-1])
            if name in first:
                other, other_path = first[name]
                line = other.line(other_path)
                where = f"line {line}" if other is document else f"{other.name}:{line}"
                yield document.mistake(path, f"this name is taken in {where} ({other_path[0]})")
            else:
                first[name] = (document, path)

    def _name_locations(self) -> Iterator[tuple[Document, KeyPath]]:
        for name in self._settings.models:
            yield self._document, ("models", name)
        for name in self._settings.aliases:
            yield self._document, ("aliases", name)
        for name, _, document in self._files.agent_entries():
            yield document, ("agents", name)

    def _circle(self) -> Iterator[Mistake]:
        references: dict[str, Sequence[str]] = {
            name: model.fallbacks for name, model in self._settings.models.items() if isinstance(model, ModelSettings)
        }
        for alias, name in self._settings.aliases.items():
            references.setdefault(alias, [name])
        names = circle(references)
        if names:
            path = ("aliases", names[0]) if names[0] in self._settings.aliases else ("models", names[0], "fallbacks")
            yield self._document.mistake(path, f"leads back to itself: {' → '.join(names)}")

    def _key_mistakes(self) -> Iterator[Mistake]:
        secrets: dict[Secret, int] = {}
        for number, key in enumerate(self._settings.keys):
            path = ("keys", number, "key")
            if not key.key:
                yield self._document.mistake(path, "expected a key that is not empty")
            elif len(key.key.reveal()) < SHORTEST_SECRET:
                yield self._document.mistake(path, f"expected at least {SHORTEST_SECRET} characters")
            elif not is_sendable_key(key.key.reveal()):
                yield self._document.mistake(path, NO_KEY)
            elif key.key in secrets:
                yield self._document.mistake(path, f"the same key as keys[{secrets[key.key]}]")
            else:
                secrets[key.key] = number
        ids = Counter(key_id(key, number) for number, key in enumerate(self._settings.keys))
        for number, key in enumerate(self._settings.keys):
            if key.name is not None and ids[key.name] > 1:
                yield self._document.mistake(("keys", number, "name"), "expected a name that no other key has")


def key_id(key: KeySettings, number: int) -> str:
    """The key's name, else its number, counted from 1: ``key-1``. It holds nothing of the secret."""
    return key.name or f"key-{number + 1}"
