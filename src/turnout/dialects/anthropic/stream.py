"""Core events → Anthropic's stream of events.

This wire has one open block at a time, while the core may have several open parts (OpenAI's parallel tool calls). Parts
that begin while a block is open wait for its end, in their order. Their texts are kept until then.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import msgspec

from turnout.core import (
    Citation,
    Delta,
    Extensions,
    Finish,
    Part,
    PartEnd,
    PartStart,
    RedactedThinking,
    Refusal,
    Relayed,
    Seam,
    Search,
    Start,
    StreamEvent,
    Text,
    Thinking,
    ToolCall,
    Usage,
    UsageSoFar,
    merged_extensions,
)
from turnout.dialects import ReplyContext
from turnout.dialects.sealed import UNSIGNED, signature_of
from turnout.errors import TurnoutError

from .blocks import NAMESPACE
from .carried import carried_block
from .errors import error_body
from .fields import Fields
from .reply import (
    DIRECT,
    block_of,
    delta_usage_fields,
    extra_fields,
    message_head,
    shown,
    stop_fields,
    usage_fields,
)
from .web_search import citation_fields

_encode = msgspec.json.encode
_LIST = msgspec.json.Decoder(list[msgspec.Raw] | None)
_STOP = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
_PING = b'event: ping\ndata: {"type":"ping"}\n\n'  # https://platform.claude.com/docs/en/build-with-claude/streaming#ping-events
_DELTA = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":{"type":%b:%b}}\n\n'
_DELTA_KINDS = {
    Text: b'"text_delta","text"',
    Thinking: b'"thinking_delta","thinking"',
    ToolCall: b'"input_json_delta","partial_json"',
}


class _Block:
    """The block of a part. It is open, or it waits for the end of the block before it."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.delta = _DELTA_KINDS.get(type(part), b"")
        self.unsent_texts = [part.text] if isinstance(part, Text | Thinking | Refusal) else []
        if isinstance(part, ToolCall):
            self.unsent_texts = [part.arguments]
        self.characters = 0  # of its deltas
        self.end: PartEnd | None = None

    def end_extensions(self) -> Extensions:
        return self.end.extensions if self.end else None

    def extra(self) -> Fields:
        """The fields that the core doesn't have. They are complete when the part has ended."""
        return extra_fields(self.part) | (self.end_extensions() or {}).get(NAMESPACE, {})

    def citations(self) -> tuple[Citation, ...]:
        """Those of a text."""
        ended = self.end.citations if self.end else ()
        return (*self.part.citations, *ended) if isinstance(self.part, Text) else ()

    def signature(self) -> str | None:
        """That of a thought."""
        own = self.part.signature if isinstance(self.part, Thinking) else None
        extensions = merged_extensions(self.part.extensions, self.end_extensions())
        return signature_of((self.end and self.end.signature) or own, extensions)


class EventRenderer:
    """One streamed message. Its end holds the finish and the complete usage."""

    media_type = "text/event-stream"
    keepalive = _PING

    def __init__(self, context: ReplyContext, *, thinks: bool) -> None:
        """``thinks``: the client asked for thoughts."""
        self._context = context
        self._thinks = thinks
        self._start: Start | None = None  # None after it was sent
        self._usage: Usage | None = None
        self._finish: Finish | None = None
        self._relayed: bytes | None = None  # the last relayed bytes
        self._blocks: dict[int, _Block] = {}  # by the part's index
        self._refusal: _Block | None = None
        self._unclosed_blocks: deque[_Block] = deque()  # the first one is open, the others wait
        self._block_index = 0  # of the open block
        self._characters = 0  # of the texts that have ended

    def feed(self, events: Sequence[StreamEvent]) -> bytes:
        frames: list[bytes] = []
        for event in events:
            match event:
                case Relayed(data=data):
                    self._relayed = data
                    frames.append(data)
                case Delta(choice=0):
                    self._send_delta(event, frames)
                case PartStart(choice=0):
                    self._send_start(frames)
                    self._start_block(event, frames)
                case PartEnd(choice=0):
                    self._end_block(event, frames)
                case Start():
                    self._start = event
                case UsageSoFar(usage=usage):
                    self._usage = usage
                case Finish(choice=0):
                    self._finish = event
                case Seam(relayed=relayed):
                    self.feed(relayed)
                    self._relayed = None
        self._send_start(frames)
        return b"".join(frames)

    def close(self) -> bytes:
        if self._relayed is not None:  # some providers omit the last event
            return b"" if b"message_stop" in self._relayed else _STOP
        frames: list[bytes] = []
        for block in self._unclosed_blocks:
            block.end = block.end or PartEnd(0)
        self._open_next_block(frames)
        refusal = (
            Refusal("".join(self._refusal.unsent_texts), {NAMESPACE: self._refusal.extra()}) if self._refusal else None
        )
        delta = {"container": None, **stop_fields(self._finish, refusal)}
        frames.append(_frame("message_delta", {"delta": delta, "usage": delta_usage_fields(self._usage)}))
        frames.append(_STOP)
        return b"".join(frames)

    def fail(self, error: TurnoutError) -> bytes:
        return b"event: error\ndata: %b\n\n" % error_body(error, self._context.request_id)

    def _send_start(self, frames: list[bytes]) -> None:
        """Runs after the events that arrived together with the start, because the usage may be among them."""
        if self._start is not None:
            message = message_head(self._start, self._context) | {"usage": usage_fields(self._usage)}
            frames.append(_frame("message_start", {"message": message}))
            self._start = None

    def _start_block(self, event: PartStart, frames: list[bytes]) -> None:
        part = shown(event.part)
        if not isinstance(part, Text | Thinking | ToolCall | RedactedThinking | Refusal | Search):
            return
        block = self._blocks[event.index] = _Block(part)
        if isinstance(part, Refusal):
            self._refusal = block
            return
        self._unclosed_blocks.append(block)
        if len(self._unclosed_blocks) == 1:
            self._send_block_start(block, frames)

    def _send_delta(self, event: Delta, frames: list[bytes]) -> None:
        block = self._blocks.get(event.index)
        if block is None:
            return
        block.characters += len(event.text)
        if self._unclosed_blocks and block is self._unclosed_blocks[0]:
            frames.append(_DELTA % (self._block_index, block.delta, _encode(event.text)))
        else:
            block.unsent_texts.append(event.text)

    def _end_block(self, event: PartEnd, frames: list[bytes]) -> None:
        block = self._blocks.get(event.index)
        if block is not None:
            block.end = event
            self._open_next_block(frames)

    def _open_next_block(self, frames: list[bytes]) -> None:
        """Closes the open block when its part has ended, and opens the next one."""
        while self._unclosed_blocks and self._unclosed_blocks[0].end is not None:
            self._send_block_end(self._unclosed_blocks.popleft(), frames)
            self._block_index += 1
            if self._unclosed_blocks:
                self._send_block_start(self._unclosed_blocks[0], frames)

    def _send_block_start(self, block: _Block, frames: list[bytes]) -> None:
        if isinstance(block.part, ToolCall):
            self._send_carried(block, block.part.extensions, self._block_index, frames)
        block_start = _block_start(block.part)
        if block_start is None:
            return
        frames.append(_frame("content_block_start", {"index": self._block_index, "content_block": block_start}))
        text = "".join(block.unsent_texts)
        if text:
            frames.append(_DELTA % (self._block_index, block.delta, _encode(text)))

    def _send_block_end(self, block: _Block, frames: list[bytes]) -> None:
        extra = block.extra()
        if "block" in extra:
            frames.append(_frame("content_block_start", {"index": self._block_index, "content_block": extra["block"]}))
        citations = _citations(extra) or citation_fields(block.citations())
        frames += [self._block_delta("citations_delta", "citation", citation) for citation in citations]
        if isinstance(block.part, Thinking):
            frames.append(self._block_delta("signature_delta", "signature", block.signature() or UNSIGNED))
        index = self._block_index
        if isinstance(block.part, Text | ToolCall):
            self._send_carried_inside(block, frames)
        frames.append(_frame("content_block_stop", {"index": index}))

    def _send_carried(self, block: _Block, extensions: Extensions, index: int, frames: list[bytes]) -> None:
        carried = carried_block(block.part, extensions, self._characters, thinks=self._thinks)
        if carried is not None:
            frames.append(_frame("content_block_start", {"index": index, "content_block": carried}))
            frames.append(_frame("content_block_stop", {"index": index}))
            self._block_index += 1

    def _send_carried_inside(self, block: _Block, frames: list[bytes]) -> None:
        """What is only known at the end of a block ends before it. Clients that take a block when it ends, as Claude
        Code does, so have it before the block. All of Anthropic's SDKs put blocks together by their index.
        """
        extensions = block.end_extensions()
        if isinstance(block.part, Text):
            self._characters += len(block.part.text) + block.characters
            extensions = merged_extensions(block.part.extensions, extensions)
        self._send_carried(block, extensions, self._block_index + 1, frames)

    def _block_delta(self, kind: str, field: str, value: object) -> bytes:
        return _frame("content_block_delta", {"index": self._block_index, "delta": {"type": kind, field: value}})


def _block_start(part: Part) -> Any:
    """The block without the content of its deltas. None for a block that this wire only has whole."""
    extra = extra_fields(part)
    if "block" in extra:
        return None
    match part:
        case Text():
            return {"type": "text", "text": "", **extra, "citations": None}
        case Thinking():
            return {"type": "thinking", "thinking": "", "signature": "", **extra}
        case ToolCall():
            return {"type": "tool_use", "id": part.id, "name": part.name, "input": {}, "caller": DIRECT, **extra}
    return block_of(part)


def _citations(extra: Fields) -> list[msgspec.Raw]:
    try:
        return (_LIST.decode(extra["citations"]) if "citations" in extra else None) or []
    except msgspec.ValidationError:  # not Anthropic's citations
        return []


def _frame(kind: str, fields: dict[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), _encode({"type": kind, **fields}))
