"""What becomes of a streamed answer that breaks off when the client has a part of it: another deployment goes on.

``continue``: the next deployment that takes a prefill goes on from the words that the client has. ``restart``: the next
deployment answers anew, and what the client has is left out. Where neither can be, the client gets the error.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from msgspec import structs

from turnout.core import (
    ChatRequest,
    Continuing,
    Deployment,
    Relayed,
    Seam,
    StreamEvent,
    Text,
    Thinking,
    ToolCall,
    Usage,
    continued,
    text_of,
    whole_chat,
    with_messages,
)
from turnout.errors import TurnoutError, Unreadable, Unsupported, UpstreamError
from turnout.providers import refuses_prefill

from .attempt import Attempt
from .call import Call
from .plan_walk import PlanWalk
from .prefills import Prefills
from .so_far import MOST_KEPT, MOST_KEPT_EVENTS, PartSoFar, SoFar, without_parts
from .stitching import Owed, Stitching

_log = logging.getLogger(__name__)

MakeAttempt = Callable[[Call, Deployment, PlanWalk], Awaitable[Attempt]]


class _Way(NamedTuple):
    """How a deployment is asked to go on, and how its events are joined to those that the client has."""

    request: ChatRequest
    so_far: SoFar  # without what is begun again
    owed: Sequence[Owed]
    words: str = ""  # the prefill


class Resumption:
    """For one request. ``keep`` what goes out; after a failure ``go_on``, and ``join`` what comes then."""

    def __init__(self, call: Call, request: ChatRequest, walk: PlanWalk, how: Continuing, prefills: Prefills) -> None:
        self._call = call
        self._request = request
        self._walk = walk
        self._how = how
        self._prefills = prefills
        self._kept: list[StreamEvent] | None = []
        self._stitching: Stitching | None = None
        self._relayed: tuple[StreamEvent, ...] = ()
        self._frames = b""

    def keep(self, events: Sequence[StreamEvent], attempt: Attempt) -> None:
        if self._kept is None:
            return
        self._kept += events
        if attempt.size > MOST_KEPT or len(self._kept) > MOST_KEPT_EVENTS:
            self._kept = None

    def join(self, events: Sequence[StreamEvent]) -> Sequence[StreamEvent]:
        """``events`` of the attempt that goes on, as the client gets them. Raises ``AnswersDiffer``."""
        if self._stitching is None:
            return events
        return self._stitching.feed(events)

    def total(self, usage: Usage | None) -> Usage | None:
        """The usage of what the client has got, of which the last attempt's is ``usage``."""
        if self._stitching is None or usage is None:
            return usage
        return self._stitching.total(usage)

    async def go_on(
        self, broken: Attempt, error: UpstreamError, make_attempt: MakeAttempt
    ) -> tuple[Attempt, Sequence[StreamEvent]]:
        """The attempt that goes on, with its first events, to be joined. Raises ``error`` when nobody can."""
        walk = self._walk
        walk.failed(broken.deployment, error, midway=True)
        so_far = self._so_far(broken)
        while so_far is not None and (deployment := await walk.next()) is not None:
            way = self._way_unseen(so_far, deployment, broken)
            if way is None:
                continue
            try:
                call = structs.replace(self._call, request=way.request, continues=broken.number, seam=self._how)
                attempt = await make_attempt(call, deployment, walk)
                first = await attempt.open()
            except (UpstreamError, Unsupported, Unreadable) as failure:
                self._learn(deployment, way, failure)
                continue
            self._stitching = Stitching(way.so_far, way.owed, self.total(broken.usage) if way.words else None)
            return attempt, [self._seam(deployment, so_far, way.so_far), *first]
        raise error.afresh()

    def _so_far(self, broken: Attempt) -> SoFar | None:
        """What the client has. None where it isn't known."""
        if self._kept is None:
            return None
        relayed = b"".join([event.data for event in self._kept if isinstance(event, Relayed)])
        if relayed:
            try:
                self._kept = [*broken.read_again(relayed)]
            except (UpstreamError, Unreadable):
                return None
            if any(isinstance(event, Relayed) for event in self._kept):
                return None  # a wire that is only relayed
        self._relayed, self._frames = tuple(self._kept) if relayed else (), relayed
        so_far = SoFar(self._kept)
        return so_far if so_far.told else None

    def _seam(self, deployment: Deployment, so_far: SoFar, kept: SoFar) -> Seam:
        dropped = tuple([part.index for part in so_far.parts if part not in kept.parts])
        if dropped and self._kept is not None:
            self._kept = without_parts(self._kept, dropped)
        return Seam(deployment.id, self._relayed, self._frames, dropped)

    def _way_unseen(self, so_far: SoFar, deployment: Deployment, broken: Attempt) -> _Way | None:
        """The same as ``_way``, but that what the client has nothing of is begun again."""
        way = self._way(so_far.without(self._unseen(so_far, broken)), deployment, broken)
        if way is None and self._call.unseen == "answer":
            return _Way(self._anew(), so_far.without(so_far.parts), ())
        return way

    def _unseen(self, so_far: SoFar, broken: Attempt) -> Sequence[PartSoFar]:
        """Parts that nobody could go on with, and of which the client has nothing."""
        match self._call.unseen:
            case "answer":
                return [part for part in so_far.open_parts if isinstance(part.part, ToolCall | Thinking)]
            case "calls" if not broken.relayed:
                return [part for part in so_far.open_parts if isinstance(part.part, ToolCall)]
        return ()

    def _way(self, so_far: SoFar, deployment: Deployment, broken: Attempt) -> _Way | None:
        """How ``deployment`` goes on; None if it can't."""
        if self._how == "restart":
            owed = [Owed(part, part.text, exact=True) for part in so_far.parts if not isinstance(part.part, Thinking)]
            return _Way(self._anew(), so_far, owed)
        if so_far.calls or _thinks_signed(so_far, broken):
            return None
        text = so_far.text
        words = text.rstrip()
        if not words:
            return _Way(self._anew(), so_far, _owed(so_far, text))
        if not self._prefills.takes(deployment, self._request):
            return None
        request = continued(self._request, words)
        repeated = text_of(request.messages[-1].parts[-1]) if deployment.traits.repeats else ""
        if request.max_output is not None and broken.usage is not None:
            used = self._output_so_far(broken.usage)
            request = structs.replace(request, max_output=max(1, request.max_output - used))
        return _Way(request, so_far, _owed(so_far, repeated, text[len(words) :]), words)

    def _output_so_far(self, usage: Usage) -> int:
        total = self.total(usage)
        return 0 if total is None else total.output

    def _anew(self) -> ChatRequest:
        """The request once more. Its answer is read as events, so it is translated."""
        request = whole_chat(self._request)
        return with_messages(request, request.messages)

    def _learn(self, deployment: Deployment, way: _Way, failure: TurnoutError) -> None:
        self._walk.failed(deployment, failure)
        _log.info("%s can't go on with a broken answer: %s", deployment.id, failure)
        if way.words and isinstance(failure, UpstreamError) and refuses_prefill(failure):
            self._prefills.unlearn(deployment)


def _owed(so_far: SoFar, *texts: str) -> Sequence[Owed]:
    """The part in which an attempt goes on that begins with ``texts`` again: the open one, else the last text."""
    parts = [part for part in so_far.open_parts if not isinstance(part.part, Thinking)]
    if not parts and any(texts):
        parts = [part for part in so_far.parts if isinstance(part.part, Text)][-1:]
    return [Owed(part, *texts, exact=False) for part in parts]


def _thinks_signed(so_far: SoFar, broken: Attempt) -> bool:
    """Whether the answer broke off in a thought that is signed, or will be at its end. One that was only opened says
    nothing yet.
    """
    return any(
        part.part.signature or (broken.signs_thoughts and part.text)
        for part in so_far.open_parts
        if isinstance(part.part, Thinking)
    )
