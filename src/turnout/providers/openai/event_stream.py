"""A stream of server-sent events, read event by event and passed on byte for byte."""

from __future__ import annotations

from turnout.core import EventCutter, StreamEvent
from turnout.core.framing import events_of, payload_of
from turnout.providers.frames import FrameReader


class EventStreamRelay(FrameReader[bytes]):
    """A frame is one whole event with the blank line that ends it."""

    def __init__(self) -> None:
        self._cutter = EventCutter()

    def feed(self, data: bytes) -> list[StreamEvent]:
        whole = self._cutter.feed(data)
        return self._read_all(events_of(whole)) if whole else []

    def close(self) -> list[StreamEvent]:
        return self._read_rest(self._cutter.close())

    def _read_rest(self, rest: bytes) -> list[StreamEvent]:
        """A last event without its blank line is whole only if its data can be read."""
        event = rest.rstrip() + b"\n\n"
        return self._read_last([event] if payload_of(event) else [])
