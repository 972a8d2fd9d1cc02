"""What the events of an answer say about it, taken down while they pass."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from turnout.core import (
    ChatRequest,
    Delta,
    Failure,
    Finish,
    Part,
    PartEnd,
    PartStart,
    Product,
    Relayed,
    Request,
    StreamEvent,
    UsageSoFar,
    says_something,
)
from turnout.core.printable import printable_line
from turnout.errors import ReplyTooLarge, UpstreamError, UpstreamRefused
from turnout.tokens import TOKEN

from .estimate import weight, weight_of, weight_of_bytes
from .usage_meter import UsageMeter

_FRAME_END = b"\n\n"
"""Ends a server-sent event, most of which carry one token. Lines of NDJSON are relayed one by one."""

_MOST_PARTS = 10_000
"""Parts and finishes of one answer. Something is kept for each, however little it says."""


class AnswerObserver:
    """``began`` is the ``time.perf_counter()`` of the attempt's start.

    ``has_begun`` is set by the first event that says something, and by an end: what only opens an answer is held back.
    ``first_token`` is in microseconds since the start, None before any content came. ``failure`` is an error that the
    provider reported inside its answer.
    """

    __slots__ = (
        "_estimates",
        "_parts",
        "_streamed",
        "_unfinished",
        "began",
        "failure",
        "finish",
        "first_token",
        "has_begun",
        "usage",
    )

    def __init__(self, request: Request, began: float) -> None:
        self.began = began
        self.has_begun = False
        self.first_token: int | None = None
        self.finish: Finish | None = None
        self.failure: UpstreamError | None = None
        self.usage = UsageMeter()
        self._estimates = isinstance(request, ChatRequest)  # the answer is text, whose tokens can be estimated
        self._streamed = request.stream
        self._parts = 0  # and finishes
        self._unfinished = _choices_of(request)

    def observe(self, events: Sequence[StreamEvent]) -> Sequence[StreamEvent]:  # noqa: C901  # one flat switch
        """The events to pass on. Raises a failure that comes before anything was said; a later one is kept in
        ``failure`` until the events before it are out. Raises ``ReplyTooLarge`` for too many parts.
        """
        for number, event in enumerate(events):
            kind = type(event)
            if kind is Relayed:
                if event.content:  # type: ignore[union-attr]  # `kind is` is quicker than isinstance, per event
                    self._observe_relayed(event.data)  # type: ignore[union-attr]
            elif kind is Delta:
                if event.text:  # type: ignore[union-attr]
                    self._add_output(weight(event.text))  # type: ignore[union-attr]
            elif kind is UsageSoFar:
                self.usage.report(event.usage)  # type: ignore[union-attr]
            elif kind is Finish:
                self.has_begun = True
                self._count_part()
                self._unfinished -= 1
                self.finish = event  # type: ignore[assignment]
            elif kind is PartStart:
                self._count_part()
                self._observe_part(event.part)  # type: ignore[union-attr]
            elif kind is Product:
                self._add_output(0)
            elif kind is PartEnd:
                if event.signature or event.extensions:  # type: ignore[union-attr]
                    self.has_begun = True
            elif kind is Failure:
                self.failure = _error_of(event)  # type: ignore[arg-type]
                if number == 0 or not self.has_begun:
                    raise self.failure.afresh()
                return events[:number]
        return events

    @property
    def is_complete(self) -> bool:
        """Whether the answer is whole, whatever came after it: the finish of every choice is there.

        A vendor may give fewer choices than were asked for. The usage comes after the last of them.
        """
        if self.finish is None:
            return False
        return self._unfinished == 0 or self.usage.reported is not None

    def elapsed(self) -> int:
        """Microseconds since the attempt's start."""
        return int((time.perf_counter() - self.began) * 1e6)

    def _observe_relayed(self, data: bytes) -> None:
        if not self._estimates:
            self._add_output(0)
        elif self._streamed:
            self._add_output((data.count(_FRAME_END) or 1) * TOKEN)
        else:
            self._add_output(weight_of_bytes(len(data)))  # most of a whole reply is its text

    def _count_part(self) -> None:
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise ReplyTooLarge(f"The provider's answer has more than {_MOST_PARTS} parts.")

    def _observe_part(self, part: Part) -> None:
        """Some wires open a text before its first word is there: then nothing has been said yet."""
        if says_something(part):
            self._add_output(weight_of(part))

    def _add_output(self, output_weight: int) -> None:
        self.usage.output_weight += output_weight
        if self.first_token is None:
            self.has_begun = True
            self.first_token = self.elapsed()


def _choices_of(request: Request) -> int:
    """How many choices the answer has, at most. Each of several prompts has its own, which only the usage ends."""
    if not isinstance(request, ChatRequest):
        return 1
    prompt = request.raw.fields.get("prompt") if request.raw is not None else None
    return sys.maxsize if prompt is not None and bytes(prompt)[:1] == b"[" else request.n


def _error_of(event: Failure) -> UpstreamError:
    """An error that the provider reported inside its answer, as the status it would have had before it."""
    return UpstreamRefused(
        event.status,
        f"The provider reported: {printable_line(event.message)}",
        native_code=event.code,
        words=event.words,
    )
