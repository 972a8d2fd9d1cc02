"""The engine's contract: its input, and the protocols of the rooms around it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Literal, Protocol

import msgspec

from turnout.core import (
    AttemptEnd,
    AttemptStart,
    CacheStatus,
    CacheWords,
    Continuing,
    Deployment,
    Key,
    LimitLevel,
    Model,
    Origin,
    Outcome,
    Request,
    StreamEvent,
    Usage,
)
from turnout.dialects import ConversationEndpoint
from turnout.routing import Question
from turnout.worker_threads import LARGE

if TYPE_CHECKING:
    from .kept import CollectedReply

DRAINED: Final = "drained"
"""The message with which a request's task is cancelled when the service stops; without it, the client has gone."""


_PREMIUM: Final = "premium"
"""The tier whose keys may have premium sessions."""

OUTRUN: Final = "outrun"
"""The message with which an attempt is cancelled when another one of the same request has begun to answer first."""


Unseen = Literal["nothing", "calls", "answer"]
"""What goes out only when it is whole: nothing, each tool call, or the answer."""


def reason_of(cancelled: asyncio.CancelledError) -> Outcome:
    """Why nobody waits for the rest of the answer."""
    if OUTRUN in cancelled.args:
        return "outrun"
    return "drained" if DRAINED in cancelled.args else "client_gone"


class Spending(Protocol):
    """What was set aside for a request."""

    def spend(self, end: AttemptEnd) -> None:
        """An attempt of it has ended, and this end is recorded."""
        ...

    def levels(self) -> Sequence[LimitLevel]:
        """What is left of the limits that held for it."""
        ...

    def close(self) -> None:
        """The request has ended: what is left is free. A second call does nothing."""
        ...


class KeptAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that was made before. ``relayed``: its ``events`` are frames that the client's wire has as they are.

    ``usage`` is what it took, and ``saved`` what it had cost, in picodollars. ``dropped`` are the fields that its
    provider wasn't told.
    """

    deployment: str
    provider: str
    upstream_model: str
    events: Sequence[StreamEvent]
    relayed: bool = False
    usage: Usage | None = None
    saved: int | None = None
    dropped: tuple[str, ...] = ()


class Keeping(Protocol):
    """A call's way past a cache.

    ``age`` are the seconds since a found answer was made. ``saved`` is what a part that was found had cost. An answer
    of more than ``most_bytes`` isn't collected.
    """

    status: CacheStatus
    age: int | None
    saved: int | None
    most_bytes: int

    async def find(self, patience: float) -> KeptAnswer | None:
        """The answer; None: the caller asks a provider, and calls ``keep`` or ``leave`` then. Where somebody asks the
        same right now, it waits for that, so many seconds at most.
        """
        ...

    def asked(self, request: Request) -> Request:
        """What a provider is asked where nothing was found, or not all."""
        ...

    def keep(self, reply: CollectedReply, events: Sequence[StreamEvent]) -> None:
        """``events`` are those of the whole answer. What takes time is done beside the request."""
        ...

    def leave(self, *, alone: bool = False) -> None:
        """There will be no whole answer. ``alone``: there is one that can't be kept. Harmless after ``keep``."""
        ...

    def joined(self, events: list[StreamEvent]) -> list[StreamEvent]:
        """The answer to the whole request, of which a part was found."""
        ...


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request on its way. ``received`` is ``time.perf_counter()`` when its last byte had come.

    ``origin`` is recorded with every attempt. ``size`` is the request's, in bytes, with the earlier turns that it
    continues. ``strict``: the request isn't sent where it can't be told as the client said it. ``conversing`` is the
    client's endpoint where an answer may be continued, None elsewhere. ``unseen``: what the client has nothing of until
    it is whole. ``timeout``: the seconds since ``received`` that the client gives the whole request; None where it said
    nothing. ``session`` is the name of its session in a header, empty without one. ``tags``: only deployments that have
    all of them may be asked. ``affordable``: only these deployments (ids) may be asked; None: all. ``spending`` is None
    where no limit or budget holds. ``continues`` and ``seam`` are for the ledger (``AttemptStart``).
    ``cache_words`` is what the client says of caches, ``keeping`` its way past them; None where there is no cache.
    """

    request: Request
    request_id: str
    received: float
    origin: Origin
    key: Key
    size: int = 0
    strict: bool = False
    session: str = ""
    tags: frozenset[str] = frozenset()
    conversing: ConversationEndpoint | None = None
    unseen: Unseen = "nothing"
    timeout: float | None = None
    affordable: frozenset[str] | None = None
    spending: Spending | None = None
    continues: int | None = None
    seam: Continuing | None = None
    cache_words: CacheWords | None = None
    keeping: Keeping | None = None

    @property
    def is_answered(self) -> bool:
        """Whether a kept answer was found, so that no provider will be asked."""
        return self.keeping is not None and self.keeping.status == "HIT"

    @property
    def large(self) -> bool:
        """Whether work on it takes so long that it is done in a thread."""
        return self.size > LARGE


def question_of(call: Call) -> Question:
    """What the call needs of a deployment."""
    key = call.key
    premium = key.tier == _PREMIUM
    return Question(call.request, call.size, call.session, call.tags | key.needs_tags, premium, call.affordable)


class Prepared(msgspec.Struct, frozen=True):
    """A request as one deployment gets it. ``changes`` lists for the ledger what was changed in it."""

    request: Request
    changes: tuple[str, ...] = ()


class Preparer(Protocol):
    """Fits a request to a deployment before an attempt."""

    def concerns(self, request: Request, deployment: Deployment) -> bool:
        """Whether ``prepare`` may have something to do. It is asked for every attempt, so it has to be quick."""
        ...

    async def prepare(self, request: Request, deployment: Deployment) -> Prepared | None:
        """The request with its changes for ``deployment``; None when nothing has to change.

        Raises ``Unsupported`` when this deployment can't take it, ``InvalidRequest`` when none can.
        """
        ...


class Models(Protocol):
    """The catalog's snapshot, as far as the engine looks at it."""

    def find(self, name: str) -> Model:
        """Raises ``UnknownModel``."""
        ...


class Recorder(Protocol):
    """The ledger, as far as the engine writes to it. No call waits."""

    def begin(self, start: AttemptStart) -> None:
        """Raises ``Unrecorded``: then nothing may be sent."""
        ...

    def meter(self, so_far: AttemptEnd) -> None:
        """``so_far`` is the attempt's end if this process dies before another one is recorded."""
        ...

    def end(self, end: AttemptEnd) -> None: ...


class Meter(Protocol):
    """The metrics of attempts. Does not wait."""

    def attempt_ended(self, start: AttemptStart, end: AttemptEnd, left_out: int = 0) -> None:
        """``left_out``: so many frames of its stream couldn't be read."""
        ...
