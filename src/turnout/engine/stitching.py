"""Joins the events of a second attempt to an answer of which the client has the beginning."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from msgspec import structs

from turnout.core import (
    Delta,
    Finish,
    Logprobs,
    Part,
    PartEnd,
    PartStart,
    Start,
    StreamEvent,
    Thinking,
    ToolCall,
    Usage,
    UsageSoFar,
    text_of,
)
from turnout.errors import AnswersDiffer

from .so_far import PartSoFar, SoFar


class Owed:
    """A part that the client has, and the ``texts`` with which the second attempt is to begin again, one after another.

    ``exact``: a second attempt that says something else disagrees. Otherwise what it says is new. It is asked to go on
    then: where the part has ended, another one like it goes on.
    """

    def __init__(self, part: PartSoFar, *texts: str, exact: bool) -> None:
        self.index = part.index
        self.part = part.part
        self.open = part.open
        self.exact = exact
        self._repeated = deque(_Repeated(text) for text in texts if text)

    @property
    def is_left(self) -> bool:
        """Whether something of the texts hasn't come again."""
        return bool(self._repeated)

    def is_like(self, part: Part) -> bool:
        if isinstance(self.part, ToolCall):
            return isinstance(part, ToolCall) and part.name == self.part.name
        return type(part) is type(self.part)

    def rest_of(self, text: str) -> str:
        """What of ``text`` the client doesn't have. Raises ``AnswersDiffer`` if the two disagree."""
        while self._repeated and text:
            repeated = self._repeated[0]
            rest = repeated.rest_of(text)
            if rest is None:
                if self.exact:
                    raise disagreement()
                rest = repeated.taken + text
            elif not repeated.is_over:
                return ""
            self._repeated.popleft()
            text = rest
        return text


class _Repeated:
    """A text that comes once more, in any pieces. It is long, and the pieces are many: none of it is copied."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    @property
    def is_over(self) -> bool:
        return self._at == len(self._text)

    @property
    def taken(self) -> str:
        """What of it has come."""
        return self._text[: self._at]

    def rest_of(self, piece: str) -> str | None:
        """What follows the text in ``piece``, empty as long as that is a part of it. None if it is another one."""
        left = len(self._text) - self._at
        if not self._text.startswith(piece[:left], self._at):
            return None
        self._at += min(left, len(piece))
        return piece[left:]


class Stitching:
    """``owed`` are parts that the second attempt repeats or goes on with, in their order.

    Its own thoughts are left out while it owes anything: the client has thoughts already. Open parts that it
    doesn't go on with are ended. ``before`` is what the client's usage has before the second attempt's is added.
    """

    def __init__(self, so_far: SoFar, owed: Sequence[Owed], before: Usage | None) -> None:
        self._owed = list(owed)
        goes_on = {each.index for each in owed if each.open}
        self._to_close = [part.index for part in so_far.open_parts if part.index not in goes_on]
        self._next_index = so_far.next_index
        self._before = before
        self._joined: dict[int, Owed] = {}  # by the second attempt's index
        self._moved: dict[int, int] = {}  # the second attempt's index → the client's

    def feed(self, events: Sequence[StreamEvent]) -> list[StreamEvent]:
        """The events for the client. Raises ``AnswersDiffer`` if the second attempt disagrees with the first."""
        out: list[StreamEvent] = []
        for event in events:
            match event:
                case Start():
                    pass
                case PartStart(index=index, part=part):
                    self._start(index, part, out)
                case Delta(index=index, text=text):
                    self._add(index, text, out)
                case PartEnd(index=index):
                    self._end(event, out)
                case Finish():
                    self._finish(out)
                    out.append(event)
                case UsageSoFar(usage=usage):
                    out.append(UsageSoFar(self.total(usage)))
                case Logprobs() if self._owed:
                    pass
                case _:
                    out.append(event)
        return out

    def total(self, usage: Usage) -> Usage:
        """The usage of the answer that the client gets, of which ``usage`` is the second attempt's."""
        before = self._before
        if before is None:
            return usage
        reported = usage.source == before.source == "reported"
        return structs.replace(
            before,
            output=before.output + usage.output,
            reasoning=before.reasoning + usage.reasoning,
            source="reported" if reported else "estimated",
        )

    def _start(self, index: int, part: Part, out: list[StreamEvent]) -> None:
        owed = self._owed[0] if self._owed else None
        if owed is not None and owed.is_like(part):
            self._joined[index] = self._owed.pop(0)
            if not owed.open and not owed.exact:
                self._begin_after(owed, part, out)
            self._add(index, text_of(part), out)
            return
        if owed is not None:
            if isinstance(part, Thinking):
                return
            if owed.exact:
                raise disagreement()
            self._close_owed(out)
        self._moved[index] = self._begin(part, out)

    def _begin_after(self, ended: Owed, part: Part, out: list[StreamEvent]) -> None:
        """A new part goes on with one that has ended. What it repeats of that is still left out."""
        ended.index, ended.open = self._begin(structs.replace(part, text=""), out), True

    def _begin(self, part: Part, out: list[StreamEvent]) -> int:
        """The client's index of a new part."""
        self._close(out)
        index = self._next_index
        self._next_index += 1
        out.append(PartStart(index, part))
        return index

    def _add(self, index: int, text: str, out: list[StreamEvent]) -> None:
        joined = self._joined.get(index)
        if joined is None:
            if index in self._moved:
                out.append(Delta(self._moved[index], text))
            return
        rest = joined.rest_of(text)
        if rest:
            if not joined.open:
                raise disagreement()
            out.append(Delta(joined.index, rest))

    def _end(self, event: PartEnd, out: list[StreamEvent]) -> None:
        joined = self._joined.get(event.index)
        if joined is None:
            if event.index in self._moved:
                out.append(structs.replace(event, index=self._moved[event.index]))
            return
        if joined.is_left and joined.exact:
            raise disagreement()
        if joined.open:
            out.append(structs.replace(event, index=joined.index))

    def _finish(self, out: list[StreamEvent]) -> None:
        if any(owed.exact for owed in self._owed):
            raise disagreement()
        self._close_owed(out)
        self._close(out)

    def _close_owed(self, out: list[StreamEvent]) -> None:
        """Ends the parts that the second attempt didn't go on with."""
        out += [PartEnd(owed.index) for owed in self._owed if owed.open]
        self._owed.clear()

    def _close(self, out: list[StreamEvent]) -> None:
        out += [PartEnd(index) for index in self._to_close]
        self._to_close.clear()


def disagreement() -> AnswersDiffer:
    return AnswersDiffer(
        "The provider's answer broke off, and the answer that was asked for anew isn't the same. Ask again."
    )
