"""Core events → Anthropic's stream of events.

Blocks of this wire come one after the other, while several parts of the core may be open at once (OpenAI's parallel
tool calls). So one block is open at a time; parts that begin meanwhile wait, with what they have said, in the order
in which they began.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import msgspec

from turnout.core import (
    Delta,
    Finish,
    Part,
    PartEnd,
    PartStart,
    RedactedThinking,
    Refusal,
    Relayed,
    Start,
    StreamEvent,
    Text,
    Thinking,
    ToolCall,
    Usage,
    UsageSoFar,
)
from turnout.dialects import ReplyContext
from turnout.errors import TurnoutError

from .blocks import NAMESPACE
from .reading import Fields
from .reply import block_of, error_body, extra_fields, message_head, stop_fields, usage_fields

_encode = msgspec.json.encode
_LIST = msgspec.json.Decoder(list[msgspec.Raw] | None)
_STOP = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
_DELTA = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":{"type":%b:%b}}\n\n'
_DELTA_KINDS = {
    Text: b'"text_delta","text"',
    Thinking: b'"thinking_delta","thinking"',
    ToolCall: b'"input_json_delta","partial_json"',
}


class _Block:
    """A part that is open, or waits until it may be."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.delta = _DELTA_KINDS.get(type(part), b"")
        self.waiting = [part.text] if isinstance(part, Text | Thinking | Refusal) else []
        if isinstance(part, ToolCall):
            self.waiting = [part.arguments]
        self.end: PartEnd | None = None

    def extra(self) -> Fields:
        """All that Anthropic said beyond the core, now that the part has ended."""
        ended = (self.end.extensions if self.end else None) or {}
        return extra_fields(self.part) | ended.get(NAMESPACE, {})


class EventRenderer:
    """One streamed message. The finish is held back until the end, when the usage is complete."""

    media_type = "text/event-stream"

    def __init__(self, context: ReplyContext) -> None:
        self._context = context
        self._start: Start | None = None  # until it has been sent
        self._usage: Usage | None = None
        self._finish: Finish | None = None
        self._relayed: bytes | None = None  # the provider's last bytes
        self._blocks: dict[int, _Block] = {}  # by the part's index
        self._refusal: _Block | None = None
        self._queue: deque[_Block] = deque()  # the first one is open
        self._number = 0  # the open block's

    def feed(self, events: Sequence[StreamEvent]) -> bytes:
        frames: list[bytes] = []
        for event in events:
            match event:
                case Relayed(data=data):
                    self._relayed = data
                    frames.append(data)
                case Delta(choice=0):
                    self._say(event, frames)
                case PartStart(choice=0):
                    self._send_start(frames)
                    self._begin(event, frames)
                case PartEnd(choice=0):
                    self._end(event, frames)
                case Start():
                    self._start = event
                case UsageSoFar(usage=usage):
                    self._usage = usage
                case Finish(choice=0):
                    self._finish = event
        self._send_start(frames)
        return b"".join(frames)

    def close(self) -> bytes:
        if self._relayed is not None:  # the provider may have left out the last event
            return b"" if b"message_stop" in self._relayed else _STOP
        frames: list[bytes] = []
        for block in self._queue:
            block.end = block.end or PartEnd(0)
        self._advance(frames)
        refusal = Refusal("".join(self._refusal.waiting), {NAMESPACE: self._refusal.extra()}) if self._refusal else None
        delta = stop_fields(self._finish, refusal)
        frames.append(_frame("message_delta", {"delta": delta, "usage": usage_fields(self._usage)}))
        frames.append(_STOP)
        return b"".join(frames)

    def fail(self, error: TurnoutError) -> bytes:
        return b"event: error\ndata: %b\n\n" % error_body(error, self._context.request_id)

    def _send_start(self, frames: list[bytes]) -> None:
        """Once the events that came with it have been seen: its usage may be among them."""
        if self._start is not None:
            message = message_head(self._start, self._context) | {"usage": usage_fields(self._usage)}
            frames.append(_frame("message_start", {"message": message}))
            self._start = None

    def _begin(self, event: PartStart, frames: list[bytes]) -> None:
        if not isinstance(event.part, Text | Thinking | ToolCall | RedactedThinking | Refusal):
            return
        block = self._blocks[event.index] = _Block(event.part)
        if isinstance(event.part, Refusal):
            self._refusal = block
            return
        self._queue.append(block)
        if len(self._queue) == 1:
            self._open(block, frames)

    def _say(self, event: Delta, frames: list[bytes]) -> None:
        block = self._blocks.get(event.index)
        if block is None:
            return
        if self._queue and block is self._queue[0]:
            frames.append(_DELTA % (self._number, block.delta, _encode(event.text)))
        else:
            block.waiting.append(event.text)

    def _end(self, event: PartEnd, frames: list[bytes]) -> None:
        block = self._blocks.get(event.index)
        if block is not None:
            block.end = event
            self._advance(frames)

    def _advance(self, frames: list[bytes]) -> None:
        """Ends the open block if its part has ended, and opens the next one."""
        while self._queue and self._queue[0].end is not None:
            self._close(self._queue.popleft(), frames)
            self._number += 1
            if self._queue:
                self._open(self._queue[0], frames)

    def _open(self, block: _Block, frames: list[bytes]) -> None:
        opening = _opening(block.part)
        if opening is None:
            return
        frames.append(_frame("content_block_start", {"index": self._number, "content_block": opening}))
        text = "".join(block.waiting)
        if text:
            frames.append(_DELTA % (self._number, block.delta, _encode(text)))

    def _close(self, block: _Block, frames: list[bytes]) -> None:
        extra = block.extra()
        if "block" in extra:
            frames.append(_frame("content_block_start", {"index": self._number, "content_block": extra["block"]}))
        frames += [self._annotation("citations_delta", "citation", citation) for citation in _citations(extra)]
        if isinstance(block.part, Thinking):
            signature = (block.end and block.end.signature) or block.part.signature
            if signature:
                frames.append(self._annotation("signature_delta", "signature", signature))
        frames.append(_frame("content_block_stop", {"index": self._number}))

    def _annotation(self, kind: str, field: str, value: object) -> bytes:
        return _frame("content_block_delta", {"index": self._number, "delta": {"type": kind, field: value}})


def _opening(part: Part) -> Any:
    """The block as it begins: without what deltas will say. None for one that can only be said when it is whole."""
    extra = extra_fields(part)
    if "block" in extra:
        return None
    match part:
        case Text():
            return {"type": "text", "text": "", **{name: raw for name, raw in extra.items() if name != "citations"}}
        case Thinking():
            return {"type": "thinking", "thinking": "", "signature": "", **extra}
        case ToolCall():
            return {"type": "tool_use", "id": part.id, "name": part.name, "input": {}, **extra}
    return block_of(part)


def _citations(extra: Fields) -> list[msgspec.Raw]:
    try:
        return (_LIST.decode(extra["citations"]) if "citations" in extra else None) or []
    except msgspec.ValidationError:  # whatever it is, Anthropic's it isn't
        return []


def _frame(kind: str, fields: dict[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), _encode({"type": kind, **fields}))
