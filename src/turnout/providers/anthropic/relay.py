"""Passes a reply on unchanged, and reads only what the ledger needs from it."""

from __future__ import annotations

import msgspec
from msgspec import Raw

from turnout.core import Relayed, SSEFramer, StreamEvent, UsageSoFar
from turnout.core.framing import EventCutter, events_of, payload_of
from turnout.errors import UpstreamBroken
from turnout.providers.frames import BodyReader, FrameReader, check_fields, is_empty_event
from turnout.providers.saying import says_something

from . import anthropic_wire as wire
from .read import MESSAGE_STOP, Progress, failure_of, finish_of, read, whole_finish
from .usage import UsageFields, usage_of


class _Object(msgspec.Struct, gc=False):
    """Only checks that an event is one, before the client's SDK has to."""


_EVENT = msgspec.json.Decoder(wire.Event)
_OBJECT = msgspec.json.Decoder(_Object)
_BODY = msgspec.json.Decoder(wire.Body)
_CONTENT = b"content_block_delta"
_BLOCK = b"content_block_start"
_CALL = b'"tool_use"'
_PIECES = frozenset({"text_delta", "thinking_delta", "signature_delta", "input_json_delta"})
_TEXT = b'"text"'
_OPENING_BLOCKS = frozenset({_TEXT, b'"thinking"'})
_SAID_AT_START = ("text", "thinking", "signature")
_NULL = Raw(b"null")


class StreamRelay(FrameReader[bytes]):
    """Passes on whole events, but not one that reports an error: the dialect writes its own."""

    def __init__(self) -> None:
        self._cutter = EventCutter()
        self._progress = Progress()
        self._skims = False  # once an answer has begun, most of its events aren't decoded
        self._block = -1  # the index of the last block that began
        self._text_only = True  # in this block
        self._failed = False  # nothing is passed on after an error

    def feed(self, data: bytes) -> list[StreamEvent]:
        whole_events = self._cutter.feed(data)
        return self._read_all(events_of(whole_events)) if whole_events else []

    def close(self) -> list[StreamEvent]:
        """Reads a last event without its blank line; raises ``UpstreamBroken`` if that event was cut."""
        held = self._cutter.close().strip() + b"\n\n"
        return self._read_last([held] if payload_of(held) else [])  # without data nobody is told of it

    def _can_spare_a_frame(self) -> bool:
        """Not before the message begins, inside of a call, nor inside of a thought, which is signed."""
        return self._text_only and self._skims

    def _leave_out(self, error: UpstreamBroken, events: list[StreamEvent]) -> None:
        super()._leave_out(error, events)
        self._skims = False  # the next event shows whether a block began in the one that is left out

    def _read_frame(self, frame: bytes, events: list[StreamEvent]) -> None:
        if self._failed:
            return
        content = _CONTENT in frame
        # A text inside the event can't match what has quotes: its own are escaped.
        if not self._skims or b'"message_' in frame or b'"error"' in frame or (not content and _BLOCK in frame):
            self._read_whole(frame, events)
            return
        data = payload_of(frame)
        if data.startswith(b"{") or not is_empty_event(data):
            read(_OBJECT, data)
        elif not data:
            check_fields(frame)
        events.append(Relayed(frame, content))

    def _read_whole(self, frame: bytes, events: list[StreamEvent]) -> None:
        ledger_events: list[StreamEvent] = []
        content = False
        payloads = [data for _, data in SSEFramer().feed(frame)]
        if not payloads:
            check_fields(frame)
        for data in payloads:
            if is_empty_event(data):
                continue
            event = read(_EVENT, data)
            if event.error is not None:
                self._failed = True
                events.append(failure_of(event.error))
                return
            self._check_block(event)
            content = content or _says_something(event)
            if event.content_block is not None:
                self._block = event.index
                self._text_only = bytes(event.content_block.get("type", _NULL)) == _TEXT
                self._progress.note(called=_has_calls([event.content_block]))
            ledger_events += self._ledger_events(event)
        self._skims = self._skims or content
        events += [Relayed(frame, content), *ledger_events]

    def _check_block(self, event: wire.Event) -> None:
        """Raises ``UpstreamBroken`` where the event that was left out began the block that goes on now."""
        if self.left_out and event.type == "content_block_delta" and event.index != self._block:
            raise UpstreamBroken(f"The provider went on with content block {event.index}, whose start can't be read.")

    def _ledger_events(self, event: wire.Event) -> list[StreamEvent]:
        if event.type == "message_delta":
            return self._usage_and_finish(event.usage, event.delta)
        message = event.message if event.type == "message_start" and not self._progress.done else None
        if message is not None and self._progress.starts(message):
            if message.content:
                self._progress.note(called=_has_calls(message.content))
            return self._usage_and_finish(message.usage, message)
        finish = self._progress.last_finish(may_lack=bool(self.left_out)) if event.type == MESSAGE_STOP else None
        return [finish] if finish else []

    def _usage_and_finish(self, usage: UsageFields | None, stop: wire.Message | wire.Piece | None) -> list[StreamEvent]:
        finish = self._progress.first_finish(stop)
        return self._progress.usage_events(usage) + ([finish] if finish else [])


class BodyRelay(BodyReader):
    """Passes a whole body on."""

    def _read_body(self, data: bytes) -> list[StreamEvent]:
        body = read(_BODY, data)
        if body.error is not None:
            return [failure_of(body.error)]
        called = _has_calls(body.content)
        finish = finish_of(body, called=called) or whole_finish(body, called=called)
        usage = [UsageSoFar(usage_of(body.usage))] if body.usage is not None else []
        return [Relayed(data), *usage, finish]


def _has_calls(content: list[wire.Fields]) -> bool:
    return any(block.get("type") == Raw(_CALL) for block in content)


def _says_something(event: wire.Event) -> bool:
    """Whether the event has a piece of the answer, or names a call. A text and a thought open without one."""
    piece, block, message = event.delta, event.content_block, event.message
    if event.type == "content_block_delta" and piece is not None:
        said = piece.text or piece.thinking or piece.signature or piece.partial_json
        return bool(said) or piece.type not in _PIECES
    if block is not None:
        opens = bytes(block.get("type", _NULL)) in _OPENING_BLOCKS
        return not opens or any(says_something(block[name]) for name in _SAID_AT_START if name in block)
    return message is not None and bool(message.content)
