"""The models that are served at one moment, and their keys. It never changes: the catalog replaces it as a whole."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from copy import copy
from functools import cached_property
from typing import Any, Final

from msgspec import structs

from turnout.config.settings import DeploymentSettings
from turnout.core import NO_RULES, Deployment, Key, Model, Rules
from turnout.errors import UnknownModel
from turnout.providers import Provider

from .factory import DeploymentFactory
from .names import NameIndex
from .patterns import Patterns, is_pattern

MAX_NAME: Final = 256  # characters of a model's name
MAX_DIRECT: Final = 1024  # models kept for names such as provider/upstream-model, and for those of patterns

_LATEST: Final = ":latest"

Complete = Callable[[Deployment], Deployment]
"""Adds the price, and what the engine says of the model."""
WhyUnserved = Callable[[str], str]


class Snapshot:
    """``models`` by name, ``aliases`` to models' names, ``keys`` by the SHA-256 digest of their secrets.
    ``has_admin_key``: one of them is an admin's.

    ``patterns`` are the models of aliases that stand for many names. ``rules`` are the allowances beside the keys' own.
    ``policies`` is where ``guard`` keeps what it has found out from this snapshot.

    ``direct_factory`` makes deployments for names such as ``openai/gpt-6-luna`` that nobody configured. Without it,
    these names aren't served. ``complete`` completes them. Names that are ``out_of_service`` aren't served either.
    ``why_unserved`` gives the reason for a name.
    """

    def __init__(
        self,
        *,
        models: Mapping[str, Model],
        aliases: Mapping[str, str],
        keys: Mapping[bytes, Key],
        auth_required: bool,
        rules: Rules = NO_RULES,
        direct_factory: DeploymentFactory | None = None,
        out_of_service: Collection[str] = (),
        complete: Complete = lambda deployment: deployment,
        why_unserved: WhyUnserved = lambda name: "",
    ) -> None:
        self.models = models
        self.aliases = aliases
        self.auth_required = auth_required
        self._take_access(keys, rules)
        self._factory = direct_factory
        self._out_of_service = out_of_service
        self._complete = complete
        self._why_unserved = why_unserved
        self._direct: dict[str, Model] = {}
        self._named = dict(models)
        self._matching = Patterns(aliases)
        self.patterns: dict[str, Model] = {}
        for alias, name in aliases.items():
            model = models.get(name) or self._make_direct(name)
            if model is not None:
                (self.patterns if is_pattern(alias) else self._named)[alias] = model

    def with_access(self, keys: Mapping[bytes, Key], rules: Rules) -> Snapshot:
        """The same models for other keys. It costs nothing that grows with the number of models."""
        other = copy(self)
        other._take_access(keys, rules)
        return other

    def _take_access(self, keys: Mapping[bytes, Key], rules: Rules) -> None:
        self.keys = keys
        self.has_admin_key = any(key.admin for key in keys.values())
        self.rules = rules
        self.policies: dict[Any, Any] = {}

    def find(self, name: str) -> Model:
        """The model of that name or alias, else of a pattern, else ``provider/upstream-model``.

        Raises ``UnknownModel``.

        ``llama3`` and ``llama3:latest`` mean the same model, as in Ollama, unless both names are served.
        """
        model = self._named.get(name) or self._direct.get(name) or self._named.get(_with_or_without_latest(name))
        return model if model is not None else self._find_unlisted(name)

    def served(self) -> Sequence[tuple[str, Model]]:
        """Every name with its model, aliases included. Clients can ask for others, too: see ``find``."""
        return tuple(self._named.items())

    def serves(self, name: str) -> bool:
        """Whether ``find`` finds a model."""
        if name in self._named or _with_or_without_latest(name) in self._named:
            return True
        pattern = self._pattern_of(name)
        return self._direct_provider(name) is not None if pattern is None else pattern in self.patterns

    def model_name(self, name: str) -> str | None:
        """One name for all that find the same model: that of an alias's model. None for a name that isn't served."""
        model = self._named.get(name) or self._named.get(_with_or_without_latest(name))
        pattern = self._pattern_of(name) if model is None else None
        if pattern is not None:
            model = self.patterns.get(pattern)
            if model is None:
                return None
        own = name if model is None else model.name
        if own in self.models:
            return own
        provider = self._direct_provider(own)  # which has several names: ``OpenAI/x`` is ``openai/x``
        return None if provider is None else f"{provider.name}/{own.partition('/')[2]}"

    def same_as(self, name: str) -> str | None:
        """The same name with or without ``:latest``, if only one of the two is served."""
        other = _with_or_without_latest(name)
        return other if (name in self._named) != (other in self._named) else None

    def _find_unlisted(self, name: str) -> Model:
        """Keeps what it has found: a client that asked for a name asks for it again."""
        pattern = self._pattern_of(name)
        model = self._make_direct(name) if pattern is None else self.patterns.get(pattern)
        if model is None:
            target = self.aliases.get(pattern or name, name)
            raise UnknownModel(name[:MAX_NAME], self._names.close_to(target[:MAX_NAME]), self._reason(name, target))
        if len(self._direct) >= MAX_DIRECT:
            oldest = next(iter(self._direct))  # a client that asks for it again gets a new one
            del self._direct[oldest]
        self._direct[name] = model
        return model

    def _pattern_of(self, name: str) -> str | None:
        """The pattern that catches ``name``, also one whose model isn't there."""
        return None if len(name) > MAX_NAME or name in self._out_of_service else self._matching.match(name)

    def _reason(self, name: str, target: str) -> str:
        """Why ``name`` isn't served. If it is an alias, it leads to ``target``."""
        reason = "" if target in self._out_of_service else self._why_unserved(target)
        if target == name:
            return reason
        return f"it is an alias of '{target}', which " + (f"isn't served: {reason}" if reason else "nobody serves.")

    def _make_direct(self, name: str) -> Model | None:
        provider = self._direct_provider(name)
        if provider is None or self._factory is None:
            return None
        upstream = name.partition("/")[2]
        draft = self._factory.make(provider, DeploymentSettings(provider=provider.name, model=upstream))
        deployment = self._with_id(self._complete(draft))
        return self._factory.model(name, (deployment,))

    def _direct_provider(self, name: str) -> Provider | None:
        """The provider of a name such as ``openai/gpt-6-luna``, if it is usable as it is."""
        prefix, slash, upstream = name.partition("/")
        if self._factory is None or not slash or not upstream or len(name) > MAX_NAME or name in self._out_of_service:
            return None
        if not name.isprintable():  # no provider has such a model, and not every database stores such a name
            return None
        provider = self._factory.provider(prefix)
        return provider if provider is not None and self._factory.is_usable(provider) else None

    def _with_id(self, draft: Deployment) -> Deployment:
        """The equal deployment that is served already, or ``draft`` with an id that no other deployment has."""
        id_ = f"{draft.provider}/{draft.model}"
        deployment = structs.replace(draft, id=id_)
        served = self._deployments.get(id_)
        if served is None or served == deployment:
            return served or deployment
        return structs.replace(draft, id=f"{id_}#direct")

    @cached_property
    def _deployments(self) -> Mapping[str, Deployment]:
        return {deployment.id: deployment for model in self.models.values() for deployment in model.deployments}

    @cached_property
    def _names(self) -> NameIndex:
        return NameIndex(self._named)


def _with_or_without_latest(name: str) -> str:
    return name.removesuffix(_LATEST) if name.endswith(_LATEST) else name + _LATEST
