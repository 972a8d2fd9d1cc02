"""Passes a reply on unchanged, and reads only what the ledger needs from it."""

from __future__ import annotations

import msgspec
from msgspec import Raw

from turnout.core import Relayed, SSEFramer, StreamEvent, UsageSoFar
from turnout.core.framing import EventCutter, events_of, payload_of
from turnout.errors import UpstreamBroken
from turnout.providers.frames import BodyReader, is_empty_event
from turnout.providers.saying import says_something

from . import anthropic_wire as wire
from .read import MESSAGE_STOP, Progress, failure_of, finish_of, read, whole_finish

_EVENT = msgspec.json.Decoder(wire.Event)
_ANY = msgspec.json.Decoder(Raw)  # only checks that it is JSON, before the client's SDK has to
_BODY = msgspec.json.Decoder(wire.Body)
_CONTENT = b"content_block_delta"
_BLOCK = b"content_block_start"
_CALL = b'"tool_use"'
_PIECES = frozenset({"text_delta", "thinking_delta", "signature_delta", "input_json_delta"})
_OPENING_BLOCKS = frozenset({b'"text"', b'"thinking"'})
_SAID_AT_START = ("text", "thinking", "signature")
_NULL = Raw(b"null")


class StreamRelay:
    """Passes on whole events, but not one that reports an error: the dialect writes its own."""

    def __init__(self) -> None:
        self._cutter = EventCutter()
        self._progress = Progress()
        self._begun = False  # the first piece of an answer has come; from then on, most events aren't decoded
        self._failed = False  # nothing is passed on after an error
        self._broken: UpstreamBroken | None = None

    def feed(self, data: bytes) -> list[StreamEvent]:
        whole_events = self._cutter.feed(data)
        return self._scan(whole_events) if whole_events else []

    def close(self) -> list[StreamEvent]:
        """Reads a last event without its blank line; raises ``UpstreamBroken`` if that event was cut."""
        if self._broken:
            raise self._broken.afresh()
        held = self._cutter.close().strip()
        events: list[StreamEvent] = []
        if held and not self._failed:
            self._read_frame(held + b"\n\n", events)
        return events

    def _scan(self, data: bytes) -> list[StreamEvent]:
        if self._broken:
            raise self._broken.afresh()
        events: list[StreamEvent] = []
        try:
            for frame in events_of(data):
                if self._failed:
                    break
                if not self._begun or _needs_reading(frame):
                    self._read_frame(frame, events)
                else:
                    data = payload_of(frame)
                    if data.startswith(b"{") or not is_empty_event(data):
                        read(_ANY, data)
                    events.append(Relayed(frame, self._is_content(frame)))
        except UpstreamBroken as error:
            if not events:
                raise
            self._failed, self._broken = True, error.afresh()
        return events

    def _is_content(self, frame: bytes) -> bool:
        if _CONTENT in frame:
            return True
        if _BLOCK in frame:
            self._progress.note(called=_CALL in frame)
        return False

    def _read_frame(self, frame: bytes, events: list[StreamEvent]) -> None:
        ledger_events: list[StreamEvent] = []
        content = False
        for _, data in SSEFramer().feed(frame):
            if is_empty_event(data):
                continue
            event = read(_EVENT, data)
            if event.error is not None:
                self._failed = True
                events.append(failure_of(event.error))
                return
            content = content or _says_something(event)
            if event.content_block is not None:
                self._progress.note(called=_has_calls([event.content_block]))
            ledger_events += self._ledger_events(event)
        self._begun = self._begun or content
        events += [Relayed(frame, content), *ledger_events]

    def _ledger_events(self, event: wire.Event) -> list[StreamEvent]:
        if event.type == "message_delta":
            return self._usage_and_finish(event.usage, event.delta)
        message = event.message if event.type == "message_start" and not self._progress.done else None
        if message is not None and self._progress.starts(message):
            if message.content:
                self._progress.note(called=_has_calls(message.content))
            return self._usage_and_finish(message.usage, message)
        finish = self._progress.last_finish() if event.type == MESSAGE_STOP else None
        return [finish] if finish else []

    def _usage_and_finish(
        self, usage: wire.UsageFields | None, stop: wire.Message | wire.Piece | None
    ) -> list[StreamEvent]:
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
        usage = [UsageSoFar(wire.usage_of(body.usage))] if body.usage is not None else []
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


def _needs_reading(data: bytes) -> bool:
    """A text inside the event can't match: its quotes are escaped."""
    return b'"message_' in data or b'"error"' in data
