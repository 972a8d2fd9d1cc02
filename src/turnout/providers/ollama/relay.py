"""Passes a reply on unchanged, and reads what the ledger needs from it.

Most lines are pieces of the answer. Only ``done`` and ``error`` of these are decoded, which also checks that the line
is JSON. Quotes inside JSON strings are escaped, so a model's text can't match ``_CALLS``.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw

from turnout.core import LineFramer, Relayed, StreamEvent
from turnout.providers.frames import BodyReader, StreamReader

from . import ollama_wire as wire
from .decode import end_of, read_reply

_CALLS = b'"tool_calls"'


class _LineState(msgspec.Struct, gc=False):
    done: bool
    error: Raw = wire.NOTHING


_LINE_STATE = msgspec.json.Decoder(_LineState)


class StreamRelay(StreamReader[bytes]):
    """Passes whole lines on."""

    def __init__(self) -> None:
        super().__init__(LineFramer())
        self._begun = False
        self._called = False
        self._done = False

    def _read_frame(self, frame: bytes, events: list[StreamEvent]) -> None:
        if self._begun and _CALLS not in frame and _is_a_piece(frame):
            events.append(Relayed(frame + b"\n"))
        else:
            self._scan(frame, events)

    def _scan(self, line: bytes, events: list[StreamEvent]) -> None:
        reply = read_reply(line)
        self._called = self._called or _has_calls(reply)
        if reply.error is None:
            content = _has_content(reply)
            self._begun = self._begun or content
            events.append(Relayed(line + b"\n", content))
        if not self._done:
            events += end_of(reply, self._called)
        self._done = self._done or reply.done


class BodyRelay(BodyReader):
    """Passes a whole body on."""

    def _read_body(self, data: bytes) -> list[StreamEvent]:
        reply = read_reply(data)
        relayed: list[StreamEvent] = [] if reply.error is not None else [Relayed(data, _has_content(reply))]
        return relayed + end_of(reply, _has_calls(reply))


def _is_a_piece(line: bytes) -> bool:
    """Whether the line is JSON, but neither the last line nor an error."""
    try:
        state = _LINE_STATE.decode(line)
    except (msgspec.DecodeError, RecursionError):
        return False
    return not state.done and not state.error


def _has_calls(reply: wire.Reply) -> bool:
    return reply.message is not None and bool(reply.message.tool_calls)


def _has_content(reply: wire.Reply) -> bool:
    message = reply.message
    return message is not None and bool(message.content or message.thinking or message.tool_calls or message.images)
