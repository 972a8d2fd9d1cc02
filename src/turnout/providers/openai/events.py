"""Streams of typed events (``{"type": "image_generation.completed", …}``), passed on with a light look."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec import Raw

from turnout.core import Finish, Relayed, StreamEvent, Usage, UsageSoFar
from turnout.core.framing import EventCutter, events_of, payload_of
from turnout.providers.frames import FrameReader
from turnout.providers.unreadable import unreadable

from .chat.chat_wire import ErrorFields
from .chat.decode import failure_of, says_nothing


class _Event(msgspec.Struct):
    type: str = ""
    usage: Raw = Raw()
    error: ErrorFields | str | None = None


_EVENT = msgspec.json.Decoder(_Event)


class EventRelay(FrameReader[bytes]):
    """``ends`` are the types of the events of which each says that the answer is whole."""

    def __init__(self, ends: frozenset[str], usage_of: Callable[[Raw], Usage | None]) -> None:
        self._ends = ends
        self._usage_of = usage_of
        self._cutter = EventCutter()
        self._finished = False

    def feed(self, data: bytes) -> list[StreamEvent]:
        whole = self._cutter.feed(data)
        return self._read_all(events_of(whole)) if whole else []

    def close(self) -> list[StreamEvent]:
        return self._read_rest(self._cutter.close())

    def _read_rest(self, rest: bytes) -> list[StreamEvent]:
        """A last event without its blank line is only whole if it can be read."""
        event = rest.rstrip() + b"\n\n"
        return self._read_all([event] if payload_of(event) else [])

    def _read_frame(self, frame: bytes, events: list[StreamEvent]) -> None:
        data = payload_of(frame)
        if says_nothing(data):
            events.append(Relayed(frame, False))
            return
        event = _read(data)
        if event.error is not None:
            events.append(failure_of(event.error))
            return
        events.append(Relayed(frame))
        usage = self._usage_of(event.usage)
        if usage:
            events.append(UsageSoFar(usage))
        if event.type in self._ends and not self._finished:
            self._finished = True
            events.append(Finish("stop", event.type))


def _read(data: bytes) -> _Event:
    try:
        return _EVENT.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise unreadable("The provider sent what isn't an event of its stream.", data, error) from error
