"""A reply passed on as it came, with a light look for what the ledger needs.

Of most lines only the few fields are decoded that tell that there is nothing to see, and that the line is JSON: a
client's SDK isn't to find out. Quotes inside JSON strings are escaped, so the searched name can't be a model's word.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw

from turnout.core import LineFramer, Relayed, StreamEvent
from turnout.providers.frames import BodyReader, StreamReader

from . import ollama_wire as wire
from .decode import end_of, read_reply

_CALLS = b'"tool_calls"'


class _Look(msgspec.Struct, gc=False):
    done: bool
    error: Raw = wire.NOTHING


_LOOK = msgspec.json.Decoder(_Look)


class StreamRelay(StreamReader[bytes]):
    """Passes whole lines on."""

    def __init__(self) -> None:
        super().__init__(LineFramer())
        self._called = False
        self._done = False

    def _read_frame(self, frame: bytes, events: list[StreamEvent]) -> None:
        if _CALLS not in frame and _is_a_piece(frame):
            events.append(Relayed(frame + b"\n"))
        else:
            self._scan(frame, events)

    def _scan(self, line: bytes, events: list[StreamEvent]) -> None:
        reply = read_reply(line)
        self._called = self._called or _has_calls(reply)
        if reply.error is None:
            events.append(Relayed(line + b"\n", _has_content(reply)))
        if not self._done:
            events += end_of(reply, self._called)
        self._done = self._done or reply.done


class BodyRelay(BodyReader):
    """Passes a whole body on."""

    def _read_body(self, data: bytes) -> list[StreamEvent]:
        reply = read_reply(data)
        passed: list[StreamEvent] = [] if reply.error is not None else [Relayed(data, _has_content(reply))]
        return passed + end_of(reply, _has_calls(reply))


def _is_a_piece(line: bytes) -> bool:
    """Is it JSON, not the last line, and no error?"""
    try:
        look = _LOOK.decode(line)
    except (msgspec.DecodeError, RecursionError):
        return False
    return not look.done and not look.error


def _has_calls(reply: wire.Reply) -> bool:
    return reply.message is not None and bool(reply.message.tool_calls)


def _has_content(reply: wire.Reply) -> bool:
    message = reply.message
    return message is not None and bool(message.content or message.thinking or message.tool_calls)
