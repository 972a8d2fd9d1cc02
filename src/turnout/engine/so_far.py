"""What a client has of an answer that broke off."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from turnout.core import (
    Delta,
    Finish,
    Part,
    PartEnd,
    PartStart,
    Product,
    Refusal,
    StreamEvent,
    Text,
    Thinking,
    ToolCall,
    text_of,
)

MOST_KEPT: Final = 1024 * 1024
MOST_KEPT_EVENTS: Final = 20_000
"""Bytes and events of a stream that are kept, so that another deployment can go on from them."""


class PartSoFar:
    """A part with its text. Of a tool call the text is its arguments."""

    def __init__(self, index: int, part: Part) -> None:
        self.index = index
        self.part = part
        self.pieces = [text_of(part)]
        self.open = True

    @property
    def text(self) -> str:
        return "".join(self.pieces)


class SoFar:
    """``parts`` in the order in which they began. ``told``: the answer is of a kind that its events tell whole.

    Another deployment can't go on with several choices, or with what is no text.
    """

    def __init__(self, events: Iterable[StreamEvent]) -> None:
        self.parts: list[PartSoFar] = []
        self.told = True
        by_index: dict[int, PartSoFar] = {}
        for event in events:
            match event:
                case Finish() | Product():
                    self.told = False
                case PartStart() | Delta() | PartEnd() if event.choice != 0:
                    self.told = False
                case PartStart(index=index, part=part):
                    started = by_index[index] = PartSoFar(index, part)
                    self.parts.append(started)
                    self.told = self.told and isinstance(part, Text | Thinking | ToolCall | Refusal)
                case Delta(index=index, text=text) if index in by_index:
                    by_index[index].pieces.append(text)
                case PartEnd(index=index) if index in by_index:
                    by_index[index].open = False

    def without(self, dropped: Collection[PartSoFar]) -> SoFar:
        rest = SoFar(())
        rest.parts = [part for part in self.parts if part not in dropped]
        return rest

    @property
    def next_index(self) -> int:
        return max((part.index for part in self.parts), default=-1) + 1

    @property
    def open_parts(self) -> Sequence[PartSoFar]:
        return [part for part in self.parts if part.open]

    @property
    def text(self) -> str:
        """The text of the answer, without thoughts."""
        return "".join(part.text for part in self.parts if isinstance(part.part, Text))

    @property
    def calls(self) -> bool:
        """Whether a tool call has begun."""
        return any(isinstance(part.part, ToolCall) for part in self.parts)


def without_parts(events: Iterable[StreamEvent], dropped: Collection[int]) -> list[StreamEvent]:
    """``events`` but for those of the parts with these indices."""
    return [
        event for event in events if not isinstance(event, PartStart | Delta | PartEnd) or event.index not in dropped
    ]
