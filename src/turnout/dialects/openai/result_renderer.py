"""Streams of images, transcripts and speech: relayed frames of the same wire, or the events of one whole result."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from turnout.core import Product, Relayed, Result, StreamEvent
from turnout.dialects import SSE_COMMENT, ReplyContext
from turnout.errors import TurnoutError

from .errors import error_body


class ResultRenderer:
    """``render_result`` writes the events of a result. Providers on other wires send a result as a whole."""

    media_type = "text/event-stream"
    keepalive = SSE_COMMENT

    def __init__(self, context: ReplyContext, render_result: Callable[[Result], bytes]) -> None:
        self._context = context
        self._render_result = render_result

    def feed(self, events: Sequence[StreamEvent]) -> bytes:
        frames = []
        for event in events:
            if isinstance(event, Relayed):
                frames.append(event.data)
            elif isinstance(event, Product):
                frames.append(self._render_result(event.result))
        return b"".join(frames)

    def close(self) -> bytes:
        return b""  # this wire's last event marks the end

    def fail(self, error: TurnoutError) -> bytes:
        return b"event: error\ndata: %s\n\n" % error_body(error, self._context.request_id)
