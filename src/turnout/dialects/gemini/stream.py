"""Core events → Gemini's stream of replies.

Text goes on as it comes. Tool calls, and other parts that this wire only has whole, are sent when they have ended, and
so is a signature. The finish is held back until the end, when the usage is complete; Google has both in one chunk.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from turnout.core import (
    Delta,
    Finish,
    Logprobs,
    PartEnd,
    PartStart,
    Refusal,
    Relayed,
    Start,
    StreamEvent,
    Text,
    Thinking,
    Usage,
    UsageSoFar,
    fold,
)
from turnout.core.framing import events_of, payload_of
from turnout.dialects import ReplyContext
from turnout.errors import TurnoutError

from .errors import error_body
from .reply import logprob_fields, origin_fields, part_fields, reason_of, usage_fields
from .signature import FIELD

_encode = msgspec.json.encode
_PIECES = {Text: b'{"text":%b}', Refusal: b'{"text":%b}', Thinking: b'{"text":%b,"thought":true}'}
"""Of parts that are sent as they come."""


class ChunkRenderer:
    """One stream, as server-sent events or as one JSON array."""

    def __init__(self, context: ReplyContext, *, as_array: bool) -> None:
        self.media_type = "application/json" if as_array else "text/event-stream"
        self._context = context
        self._as_array = as_array
        self._before = b"["  # the next item of the array
        self._relaying = False
        self._tail = self._origin(Start())
        self._open: dict[tuple[int, int], list[StreamEvent]] = {}  # (choice, part) → what was said of it
        self._pieces: dict[tuple[int, int], bytes] = {}  # (choice, part) → the form of a piece of its text
        self._logprobs: dict[int, bytes] = {}  # choice → those that its next chunk says
        self._finishes: dict[int, Finish] = {}
        self._usage: Usage | None = None

    def feed(self, events: Sequence[StreamEvent]) -> bytes:
        frames: list[bytes] = []
        for event in events:
            match event:
                case Relayed(data=data):
                    self._relaying = True
                    frames.append(self._relayed(data))
                case Delta():
                    frames.append(self._delta(event))
                case PartStart():
                    frames.append(self._part_start(event))
                case PartEnd():
                    frames.append(self._part_end(event))
                case Start():
                    self._tail = self._origin(event)
                case UsageSoFar(usage=usage):
                    self._usage = usage
                case Finish(choice=choice):
                    self._finishes[choice] = event
                case Logprobs(tokens=tokens, choice=choice):
                    self._logprobs[choice] = b',"logprobsResult":' + _encode(logprob_fields(tokens))
        return b"".join(frames)

    def close(self) -> bytes:
        if self._relaying:
            return self._end()
        unended = [self._part_end(PartEnd(index, choice)) for choice, index in sorted(self._open)]
        return b"".join(unended) + self._frame(self._last()) + self._end()

    def fail(self, error: TurnoutError) -> bytes:
        return self._frame(error_body(error, self._context.request_id)) + self._end()

    def _origin(self, start: Start) -> bytes:
        return b"]," + _encode(origin_fields(start.model, start.id, self._context))[1:]

    def _part_start(self, event: PartStart) -> bytes:
        key, part = (event.choice, event.index), event.part
        self._open[key] = [event]
        piece = _PIECES.get(type(part))
        if piece is None:
            return b""
        self._pieces[key] = piece
        text = part.text  # type: ignore[union-attr]  # the parts in _PIECES all have one
        self._open[key] = [PartStart(event.index, msgspec.structs.replace(part, text=""), event.choice)]
        return self._chunk(event.choice, piece % _encode(text)) if text else b""

    def _delta(self, event: Delta) -> bytes:
        key = (event.choice, event.index)
        piece = self._pieces.get(key)
        if piece is not None:
            return self._chunk(event.choice, piece % _encode(event.text))
        self._open[key].append(event)
        return b""

    def _part_end(self, event: PartEnd) -> bytes:
        """The part if it wasn't sent in pieces, else what is left to say of it."""
        key = (event.choice, event.index)
        part = fold([*self._open.pop(key), event]).choices[0].parts[0]
        fields = part_fields(part)
        was_sent = self._pieces.pop(key, b"")
        if fields is None or (was_sent and not _says_more(fields)):
            return b""
        return self._chunk(event.choice, _encode(fields))

    def _chunk(self, choice: int, part: bytes) -> bytes:
        more = self._logprobs.pop(choice, b"") if self._logprobs else b""
        candidate = b'{"candidates":[{"content":{"parts":[%b],"role":"model"},"index":%d%b}%b'
        return self._frame(candidate % (part, choice, more, self._tail))

    def _last(self) -> bytes:
        usage = b',"usageMetadata":' + _encode(usage_fields(self._usage)) if self._usage else b""
        candidates = b",".join([self._finished(choice) for choice in sorted(self._finishes)])
        return b'{"candidates":[%b%b%b}' % (candidates, self._tail[:-1], usage)

    def _finished(self, choice: int) -> bytes:
        reason = reason_of(self._finishes[choice]).encode()
        more = self._logprobs.pop(choice, b"")
        candidate = b'{"content":{"parts":[{"text":""}],"role":"model"},"finishReason":"%b","index":%d%b}'
        return candidate % (reason, choice, more)

    def _relayed(self, data: bytes) -> bytes:
        """The provider streams server-sent events, whatever the client wants."""
        if not self._as_array:
            return data
        return b"".join([self._frame(payload) for event in events_of(data) if (payload := payload_of(event))])

    def _frame(self, chunk: bytes) -> bytes:
        if not self._as_array:
            return b"data: %b\n\n" % chunk
        before, self._before = self._before, b",\n"
        return before + chunk

    def _end(self) -> bytes:
        if not self._as_array:
            return b""
        return b"]" if self._before != b"[" else b"[]"


def _says_more(fields: dict[str, Any] | msgspec.Raw) -> bool:
    return isinstance(fields, msgspec.Raw) or FIELD in fields
