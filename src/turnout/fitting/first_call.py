"""Passes on only the first tool call, for a client that asked for one and a provider that can't be told so."""

from __future__ import annotations

from collections.abc import Sequence

from turnout.core import Delta, PartEnd, PartStart, StreamEvent, ToolCall

from .decoding import Decoder


class FirstCallOnly:
    """A decoder around another one. It drops every event of a later call in the same choice."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self._called: set[int] = set()  # choices
        self._dropped: set[tuple[int, int]] = set()  # (choice, index) of parts

    def feed(self, data: bytes) -> list[StreamEvent]:
        return self._kept(self._decoder.feed(data))

    def close(self) -> list[StreamEvent]:
        return self._kept(self._decoder.close())

    def _kept(self, events: Sequence[StreamEvent]) -> list[StreamEvent]:
        return [event for event in events if not self._drops(event)]

    def _drops(self, event: StreamEvent) -> bool:
        match event:
            case PartStart(part=ToolCall(), choice=choice, index=index):
                if choice not in self._called:
                    self._called.add(choice)
                    return False
                self._dropped.add((choice, index))
                return True
            case Delta(choice=choice, index=index) | PartEnd(choice=choice, index=index):
                return (choice, index) in self._dropped
        return False
