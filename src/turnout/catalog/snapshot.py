"""What is served at one moment, and to whom. Never changed: the catalog swaps it for another one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from typing import Final

from msgspec import structs

from turnout.config.settings import DeploymentSettings
from turnout.core import Deployment, Key, Model, Price
from turnout.errors import UnknownModel
from turnout.providers import Provider

from .factory import DeploymentFactory
from .names import NameIndex

MAX_NAME: Final = 256  # characters of a model's name
MAX_DIRECT: Final = 1024  # models kept that clients asked for as provider/upstream-model

_LATEST: Final = ":latest"

PriceOf = Callable[[Deployment], Price | None]
Why = Callable[[str], str]


class Snapshot:
    """``models`` by name, ``aliases`` to models' names, ``keys`` by the SHA-256 digest of their secrets.

    ``direct`` makes deployments for names such as ``openai/gpt-6-luna`` that nobody configured; without it, they
    aren't served. Names that are ``off`` aren't either. ``why`` says of a name why it isn't served.
    """

    def __init__(
        self,
        *,
        models: Mapping[str, Model],
        aliases: Mapping[str, str],
        keys: Mapping[bytes, Key],
        auth_required: bool,
        direct: DeploymentFactory | None = None,
        off: Collection[str] = (),
        price_of: PriceOf = lambda deployment: deployment.price,
        why: Why = lambda name: "",
    ) -> None:
        self.models = models
        self.aliases = aliases
        self.keys = keys
        self.auth_required = auth_required
        self._factory = direct
        self._off = off
        self._price_of = price_of
        self._why = why
        self._direct: dict[str, Model] = {}
        self._named = dict(models)
        for alias, name in aliases.items():
            model = models.get(name) or self._make_direct(name)
            if model is not None:
                self._named[alias] = model

    def find(self, name: str) -> Model:
        """The model of that name or alias, else ``provider/upstream-model``. Raises ``UnknownModel``.

        As for Ollama, ``llama3`` and ``llama3:latest`` mean the same, where only one of them is a name here.
        """
        model = self._named.get(name) or self._direct.get(name) or self._named.get(_other_tag(name))
        return model if model is not None else self._find_direct(name)

    def served(self) -> Sequence[tuple[str, Model]]:
        """Every name a client may ask for, aliases too, with its model."""
        return tuple(self._named.items())

    def serves(self, name: str) -> bool:
        """Whether ``find`` would find it."""
        return name in self._named or _other_tag(name) in self._named or self._direct_provider(name) is not None

    def same_as(self, name: str) -> str | None:
        """What else the model of that name is called: with or without ``:latest``, if only one of them is a name."""
        other = _other_tag(name)
        return other if (name in self._named) != (other in self._named) else None

    def _find_direct(self, name: str) -> Model:
        model = self._make_direct(name)
        if model is None:
            wanted = self.aliases.get(name, name)
            raise UnknownModel(name[:MAX_NAME], self._names.close_to(wanted[:MAX_NAME]), self._why_not(name, wanted))
        if len(self._direct) >= MAX_DIRECT:
            del self._direct[
                next(iter(self._direct))
            ]  # the oldest one; a client that still wants it gets it made again
        self._direct[name] = model
        return model

    def _why_not(self, name: str, wanted: str) -> str:
        """Why ``wanted`` isn't served, for which ``name`` stands."""
        reason = "" if wanted in self._off else self._why(wanted)
        if wanted == name:
            return reason
        return f"it is an alias of '{wanted}', which " + (f"isn't served: {reason}" if reason else "nobody serves.")

    def _make_direct(self, name: str) -> Model | None:
        provider = self._direct_provider(name)
        if provider is None or self._factory is None:
            return None
        upstream = name.partition("/")[2]
        made = self._factory.make(provider, DeploymentSettings(provider=provider.name, model=upstream))
        return Model(name=name, deployments=(self._with_id(structs.replace(made, price=self._price_of(made))),))

    def _direct_provider(self, name: str) -> Provider | None:
        """The provider of a name such as ``openai/gpt-6-luna``, if it can be asked without more."""
        prefix, slash, upstream = name.partition("/")
        if self._factory is None or not slash or not upstream or len(name) > MAX_NAME or name in self._off:
            return None
        if not name.isprintable():  # no provider has such a model, and no database takes every character
            return None
        provider = self._factory.provider(prefix)
        return provider if provider is not None and self._factory.is_open(provider) else None

    def _with_id(self, made: Deployment) -> Deployment:
        """The served deployment that is the same, or ``made`` under an id that no other has."""
        plain = f"{made.provider}/{made.model}"
        named = structs.replace(made, id=plain)
        taken = self._deployments.get(plain)
        if taken is None or taken == named:
            return taken or named
        return structs.replace(made, id=f"{plain}#direct")

    @cached_property
    def _deployments(self) -> Mapping[str, Deployment]:
        return {deployment.id: deployment for model in self.models.values() for deployment in model.deployments}

    @cached_property
    def _names(self) -> NameIndex:
        return NameIndex(self._named)


def _other_tag(name: str) -> str:
    return name.removesuffix(_LATEST) if name.endswith(_LATEST) else name + _LATEST
