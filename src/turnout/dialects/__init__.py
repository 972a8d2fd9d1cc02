"""What clients speak. A dialect translates between its wire and the core, and knows nothing of providers.

To add one, put a module here that holds ``DIALECTS``, a tuple of ``Dialect`` objects: it is found by itself. So is one
of an installed package, by an entry point (``plugins.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Protocol, TypeVar

import msgspec

from turnout.core import Answer, Price, Request, Result, StreamEvent
from turnout.errors import TurnoutError
from turnout.plugins import Misfit, check_members, find

from .conversing import Conversing as Conversing
from .conversing import Recall as Recall
from .conversing import Turn as Turn
from .path_owners import PathOwners


class ReplyFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Who answered. ``price`` is None where it isn't known.

    ``success`` is the share of the deployment's attempts that went well.
    """

    provider: str
    deployment: str
    price: Price | None = None
    success: float = 1.0


class ReplyContext(msgspec.Struct, frozen=True, kw_only=True):
    """What a reply says besides the answer. ``created`` is a Unix time in seconds, ``received`` what
    ``time.perf_counter`` said when all of the request was there.
    """

    request_id: str
    model: str  # the name the client asked for
    created: int
    received: float | None = None
    facts: Callable[[], ReplyFacts] | None = None


class ServedModel(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a model list. ``context`` and ``max_output`` are tokens, None where nothing is known."""

    id: str
    provider: str
    created: int = 0
    context: int | None = None
    max_output: int | None = None


class Renderer(Protocol):
    """Writes one streamed reply. ``Relayed`` frames pass through as they are."""

    media_type: str

    def feed(self, events: Sequence[StreamEvent]) -> bytes:
        """The frames that say ``events``; perhaps none."""
        ...

    def close(self) -> bytes:
        """What ends a stream that finished (``[DONE]``, ``message_stop``)."""
        ...

    def fail(self, error: TurnoutError) -> bytes | None:
        """What tells the client that the stream broke off. Never followed by ``close``.

        None where it can't be said, as in the middle of a sound: then the connection is cut.
        """
        ...


class Target(msgspec.Struct, frozen=True):
    """What a request says besides its body. ``model`` is the one in the path, where the path has ``{model}``."""

    model: str = ""
    query: str = ""  # as it was sent, still encoded
    content_type: str = ""


HERE = Target()

Asked = TypeVar("Asked", bound=Request)
Given = TypeVar("Given", bound=Answer | Result, contravariant=True)


class Endpoint(Protocol[Asked, Given]):
    """A route of a dialect that a model answers.

    ``wire`` is compared with a provider's: when they are the same, bytes are relayed.
    ``paths`` take requests by POST; ``{model}`` in one stands for a model's name, slashes and all.
    ``relayed_headers`` go along when the body is relayed, in lower case.
    """

    @property
    def wire(self) -> str: ...

    @property
    def paths(self) -> tuple[str, ...]: ...

    @property
    def relayed_headers(self) -> frozenset[bytes]: ...

    def parse(self, body: bytes, target: Target = HERE) -> Asked:
        """Raises ``InvalidRequest`` naming the field; the request's ``raw`` keeps the body's own fields."""
        ...

    def renderer(self, request: Asked, context: ReplyContext) -> Renderer:
        """For a request whose ``stream`` is set."""
        ...

    def media_type(self, request: Asked) -> str:
        """Of a whole reply."""
        ...

    def body(self, request: Asked, given: Given, context: ReplyContext) -> bytes:
        """A whole reply."""
        ...


class Dialect(Protocol):
    """``key_headers`` are where its SDK puts the key, first one first; ``key_query`` a query parameter that may."""

    @property
    def name(self) -> str: ...

    @property
    def key_headers(self) -> tuple[str, ...]: ...

    @property
    def key_query(self) -> str | None: ...

    @property
    def endpoints(self) -> tuple[Endpoint[Any, Any], ...]: ...

    def error(self, error: TurnoutError, request_id: str) -> bytes:
        """An error's body in this dialect's shape; the status is the error's."""
        ...

    def models(self, models: Sequence[ServedModel]) -> bytes:
        """The reply to a model list."""
        ...

    def model(self, model: ServedModel) -> bytes:
        """The reply to the question for one model."""
        ...


@cache
def endpoint_at(path: str) -> Endpoint[Any, Any]:
    """The endpoint of one of the paths; raises ``KeyError``."""
    found = {at: endpoint for dialect in registry().values() for endpoint in dialect.endpoints for at in endpoint.paths}
    return found[path]


@cache
def registry() -> Mapping[str, Dialect]:
    """Every dialect in this folder or of a plug-in, by its name. Raises ``ConfigError`` for unusable plug-ins."""
    owners = PathOwners()
    return find(__name__, __path__, __name__, lambda held: _named(held, owners)).things


def _named(held: Any, owners: PathOwners) -> Iterator[tuple[str, Dialect]]:
    """The dialects of a module. Raises ``Misfit``, also for a path that another dialect has."""
    if not isinstance(held, tuple):
        raise Misfit("DIALECTS has to be a tuple of dialects")
    for dialect in held:
        what = f"the dialect {getattr(dialect, 'name', dialect)!r}"
        check_members(dialect, Dialect, what)
        for endpoint in dialect.endpoints:
            check_members(endpoint, Endpoint, f"the endpoint {getattr(endpoint, 'wire', endpoint)!r} of {what}")
            for path in endpoint.paths:
                owners.claim(path, dialect.name)
        yield dialect.name, dialect
