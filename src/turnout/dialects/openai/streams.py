"""Streams of what isn't a chat: frames of the same wire, or one event that tells a whole result."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from turnout.core import Product, Relayed, Result, StreamEvent
from turnout.dialects import ReplyContext
from turnout.errors import TurnoutError

from .errors import error_body


class ResultRenderer:
    """``tell`` makes the events of a result that came whole, from a provider on another wire."""

    media_type = "text/event-stream"

    def __init__(self, context: ReplyContext, tell: Callable[[Result], bytes]) -> None:
        self._context = context
        self._tell = tell

    def feed(self, events: Sequence[StreamEvent]) -> bytes:
        frames = []
        for event in events:
            if isinstance(event, Relayed):
                frames.append(event.data)
            elif isinstance(event, Product):
                frames.append(self._tell(event.result))
        return b"".join(frames)

    def close(self) -> bytes:
        return b""  # the last event says that it is the last

    def fail(self, error: TurnoutError) -> bytes:
        return b"event: error\ndata: %s\n\n" % error_body(error, self._context.request_id)
