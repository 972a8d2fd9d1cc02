"""The APIs that clients speak. A dialect translates between its wire and the core, and knows nothing of providers.

To add one, put a module here that holds ``DIALECTS``, a tuple of ``Dialect`` objects: it is found by itself. So is one
of an installed package, by an entry point (``plugins.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final, Protocol, TypeVar
from urllib.parse import quote

import msgspec

from turnout.core import Answer, Price, Request, Result, StreamEvent
from turnout.errors import TurnoutError
from turnout.plugins import InvalidPlugin, check_members, find_plugins

from .conversation_endpoint import ConversationEndpoint as ConversationEndpoint
from .conversation_endpoint import EarlierAnswers as EarlierAnswers
from .conversation_endpoint import Turn as Turn
from .path_owners import PathOwners
from .socket_conversation import Asked as Asked
from .socket_conversation import SocketConversation as SocketConversation
from .socket_conversation import SocketEndpoint as SocketEndpoint
from .terms import name_for_client as name_for_client


class ReplyFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The deployment that answered. ``price`` is None when it isn't known.

    ``success`` is the share of its attempts that succeeded, from 0 to 1.
    """

    provider: str
    deployment: str
    price: Price | None = None
    success: float = 1.0


class ReplyContext(msgspec.Struct, frozen=True, kw_only=True):
    """The facts in a reply besides the answer. ``created`` is a Unix time in seconds.

    ``received`` is the ``time.perf_counter`` of the moment when the whole request had arrived.
    """

    request_id: str
    model: str  # the name the client asked for
    created: int
    received: float | None = None
    facts: Callable[[], ReplyFacts] | None = None


class ServedModel(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a model list. ``context`` and ``max_output`` are tokens, None when they aren't known.

    ``details`` are Ollama's own, of a model that an Ollama serves.
    """

    id: str
    provider: str
    created: int = 0
    context: int | None = None
    max_output: int | None = None
    details: msgspec.Raw | None = None


SSE_COMMENT: Final = b": keepalive\n\n"
"""A sign of life in a stream of server-sent events
(https://html.spec.whatwg.org/multipage/server-sent-events.html#authoring-notes).
"""


def seam_comment(deployment: str) -> bytes:
    """Names the deployment that goes on with a broken answer, where a client may ignore it."""
    return b": %b goes on\n\n" % quote(deployment, safe="/:#@").encode()


JSON_BLANK: Final = b" "
"""A sign of life before a value of JSON. It isn't a line of its own, because Ollama's SDK parses each line as JSON
(https://github.com/ollama/ollama-python/blob/main/ollama/_client.py).
"""


class Renderer(Protocol):
    """Writes one streamed reply. It sends ``Relayed`` frames as they are, and writes on from them after a ``Seam``.

    ``keepalive`` is a sign of life between two frames, and before the first. It says nothing to a client that reads the
    stream. Empty when the wire has none.
    """

    media_type: str
    keepalive: bytes

    def feed(self, events: Sequence[StreamEvent]) -> bytes:
        """The frames for ``events``; empty when they need none."""
        ...

    def close(self) -> bytes:
        """The end of a stream that finished (``[DONE]``, ``message_stop``)."""
        ...

    def fail(self, error: TurnoutError) -> bytes | None:
        """The frame that tells the client that the stream broke off. ``close`` is never called after it.

        None when the wire has no such frame, as in the middle of audio: then the server cuts the connection.
        """
        ...


class Target(msgspec.Struct, frozen=True):
    """The facts of a request outside its body. ``model`` is taken from a path that has ``{model}``."""

    model: str = ""
    query: str = ""  # as it was sent, still encoded
    content_type: str = ""


HERE = Target()
"""The target of a request without a query whose path has no model."""

RequestT = TypeVar("RequestT", bound=Request)
ResultT = TypeVar("ResultT", bound=Answer | Result, contravariant=True)


class Endpoint(Protocol[RequestT, ResultT]):
    """A route of a dialect that a model answers.

    When ``wire`` equals the provider's wire, bytes are relayed. ``operation`` is that of the requests it reads: what
    is allowed and limited by operation is so on every path.
    ``paths`` take requests by POST. ``{model}`` in a path stands for a model's name, which may have slashes.
    ``relayed_headers``, in lower case, are sent to the provider when the body is relayed.
    """

    @property
    def wire(self) -> str: ...

    @property
    def operation(self) -> str: ...

    @property
    def paths(self) -> tuple[str, ...]: ...

    @property
    def relayed_headers(self) -> frozenset[bytes]: ...

    def parse(self, body: bytes, target: Target = HERE) -> RequestT:
        """Raises ``InvalidRequest`` with the field's name. The request's ``raw`` keeps the fields of the body."""
        ...

    def renderer(self, request: RequestT, context: ReplyContext) -> Renderer:
        """Only for a request whose ``stream`` is true."""
        ...

    def media_type(self, request: RequestT) -> str:
        """The content type of a whole reply."""
        ...

    def body(self, request: RequestT, result: ResultT, context: ReplyContext) -> bytes:
        """A whole reply."""
        ...


class SendsCallsWhole:
    """The base of endpoints whose streams have a tool call only when it is whole.

    After a ``Seam`` their renderers forget the calls that it has ``dropped``: these are begun again.
    """


class HasOwnStatuses:
    """The base of dialects whose errors have other HTTP statuses than Turnout's own."""

    def status(self, error: TurnoutError) -> int:
        raise NotImplementedError


class Dialect(Protocol):
    """Its SDK sends the key in one of ``key_headers``, the usual one first, or in the query parameter ``key_query``."""

    @property
    def name(self) -> str: ...

    @property
    def key_headers(self) -> tuple[str, ...]: ...

    @property
    def key_query(self) -> str | None: ...

    @property
    def endpoints(self) -> tuple[Endpoint[Any, Any], ...]: ...

    def error(self, error: TurnoutError, request_id: str) -> bytes:
        """The body of an error in this dialect's shape. The HTTP status is ``error.status``."""
        ...

    def models(self, models: Sequence[ServedModel]) -> bytes:
        """The reply to a model list."""
        ...

    def model(self, model: ServedModel) -> bytes:
        """The reply to a request for one model."""
        ...


@cache
def endpoint_at(path: str) -> Endpoint[Any, Any]:
    """The endpoint that has ``path`` among its paths. Raises ``KeyError``."""
    endpoints = [endpoint for dialect in registry().values() for endpoint in dialect.endpoints]
    return {each_path: endpoint for endpoint in endpoints for each_path in endpoint.paths}[path]


@cache
def registry() -> Mapping[str, Dialect]:
    """Every dialect in this folder or of a plug-in, by its name. Raises ``ConfigError`` for unusable plug-ins."""
    owners = PathOwners()
    return find_plugins(__name__, __path__, __name__, lambda held: _named(held, owners)).by_name


def _named(held: Any, owners: PathOwners) -> Iterator[tuple[str, Dialect]]:
    """The dialects of a module. Raises ``InvalidPlugin``, also for a path that another dialect has."""
    if not isinstance(held, tuple):
        raise InvalidPlugin("DIALECTS has to be a tuple of dialects")
    for dialect in held:
        what = f"the dialect {getattr(dialect, 'name', dialect)!r}"
        check_members(dialect, Dialect, what)
        for endpoint in dialect.endpoints:
            check_members(endpoint, Endpoint, f"the endpoint {getattr(endpoint, 'wire', endpoint)!r} of {what}")
            for path in endpoint.paths:
                owners.claim(path, dialect.name)
        yield dialect.name, dialect
