"""Relays streams of typed events (``{"type": "image_generation.completed", …}``)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Raw

from turnout.core import Finish, Relayed, StreamEvent, Usage, UsageSoFar
from turnout.core.framing import payload_of
from turnout.providers.frames import is_empty_event
from turnout.providers.unreadable import decode_reply

from .chat.decode import failure_of
from .event_stream import EventStreamRelay


class _Event(msgspec.Struct):
    type: str = ""
    usage: Raw = Raw()
    delta: Raw = Raw()
    error: Any = None


_EVENT = msgspec.json.Decoder(_Event)


class EventRelay(EventStreamRelay):
    """``ends`` are the types of the events that end a whole answer."""

    def __init__(self, ends: frozenset[str], usage_of: Callable[[Raw], Usage | None]) -> None:
        super().__init__()
        self._ends = ends
        self._usage_of = usage_of
        self._finished = False

    def _read_frame(self, frame: bytes, events: list[StreamEvent]) -> None:
        data = payload_of(frame)
        if is_empty_event(data):
            events.append(Relayed(frame, False))
            return
        event = decode_reply(_EVENT, data, "The provider sent what isn't an event of its stream.")
        if event.error is not None:
            events.append(failure_of(event.error))
            return
        events.append(Relayed(frame, bytes(event.delta) != b'""'))
        usage = self._usage_of(event.usage)
        if usage:
            events.append(UsageSoFar(usage))
        if event.type in self._ends and not self._finished:
            self._finished = True
            events.append(Finish("stop", event.type))
