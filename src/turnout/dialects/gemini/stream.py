"""Core events → Gemini's stream of replies.

Text is sent as it arrives. Tool calls and other parts that this wire only has whole are sent when they end, and so is a
signature. The last chunk holds the finish and the usage together, as Google's does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec

from turnout.core import (
    Delta,
    Finish,
    Part,
    PartEnd,
    PartStart,
    Refusal,
    Seam,
    Start,
    StreamEvent,
    Text,
    Thinking,
    TokenLogprob,
    fold,
)
from turnout.core.framing import events_of, payload_of
from turnout.dialects import JSON_BLANK, ReplyContext
from turnout.dialects.json_members import members
from turnout.dialects.stream_renderer import StreamRenderer
from turnout.errors import TurnoutError

from .errors import error_body
from .grounding import Grounding
from .reply import logprob_fields, origin_fields, part_fields, reason_of, usage_fields
from .signature import FIELD

_encode = msgspec.json.encode
_TEXT_PARTS = {Text: b'{"text":%b}', Refusal: b'{"text":%b}', Thinking: b'{"text":%b,"thought":true}'}
"""Templates of the parts whose text is sent as it arrives."""

_CHUNK = b'{"candidates":[{"content":{"parts":[%b],"role":"model"},"index":%d%b}],%b}'
_LAST_CHUNK = b'{"candidates":[%b],%b%b}'
_LAST_CANDIDATE = b'{"content":{"parts":[{"text":""}],"role":"model"},"finishReason":"%b","index":%d%b}'


_EMPTY_EVENT = b"\n\n"
"""A sign of life. Google's SDKs read comments as JSON (python-genai's ``_iter_response_stream``), or fail at them
(go-genai's ``iterateResponseStream``, https://github.com/googleapis/go-genai/blob/main/api_client.go), and a chunk
without text makes js-genai drop the turn from a chat's history. All of them skip an event without lines.
"""


class ChunkRenderer(StreamRenderer):
    """One stream of server-sent events. ``searches``: the request lets the model search, so that its texts are kept
    until they end, to tell which of their words are from which page.
    """

    media_type = "text/event-stream"
    keepalive = _EMPTY_EVENT

    def __init__(self, context: ReplyContext, *, searches: bool = False) -> None:
        super().__init__(context)
        self._origin = members(origin_fields("", "", context))  # the same in every chunk
        self._open: dict[tuple[int, int], list[StreamEvent]] = {}  # (choice, part) → its events that were not sent
        self._text_parts: dict[tuple[int, int], bytes] = {}  # (choice, part) → the template of a piece of its text
        self._finishes: dict[int, Finish] = {}
        self._groundings: defaultdict[int, Grounding] = defaultdict(Grounding)  # by choice
        self._texts: dict[tuple[int, int], list[str]] | None = {} if searches else None

    def _resume(self, seam: Seam) -> bytes:
        frames = super()._resume(seam)
        for index in seam.dropped:
            self._open.pop((0, index), None)
        return frames

    def close(self) -> bytes:
        if self._last_relayed:
            return self._end()
        unended = [self._part_end(PartEnd(index, choice)) for choice, index in sorted(self._open)]
        return b"".join(unended) + self._frame(self._last_chunk()) + self._end()

    def fail(self, error: TurnoutError) -> bytes:
        return self._frame(error_body(error, self._context.request_id)) + self._end()

    def _start(self, event: Start) -> bytes:
        self._origin = members(origin_fields(event.model, event.id, self._context))
        return b""

    def _part_start(self, event: PartStart) -> bytes:
        key, part = (event.choice, event.index), event.part
        self._open[key] = [event]
        template = _TEXT_PARTS.get(type(part))
        if template is None:
            return b""
        self._text_parts[key] = template
        text = part.text  # type: ignore[union-attr]  # the parts in _TEXT_PARTS all have one
        if self._texts is not None:
            self._texts[key] = [text]
        self._open[key] = [PartStart(event.index, msgspec.structs.replace(part, text=""), event.choice)]
        return self._chunk(event.choice, template % _encode(text)) if text else b""

    def _delta(self, event: Delta) -> bytes:
        key = (event.choice, event.index)
        template = self._text_parts.get(key)
        if template is not None:
            if self._texts is not None:
                self._texts[key].append(event.text)
            return self._chunk(event.choice, template % _encode(event.text))
        self._open[key].append(event)
        return b""

    def _part_end(self, event: PartEnd) -> bytes:
        """Sends the whole part. A part whose text was sent gets a chunk only for its signature."""
        key = (event.choice, event.index)
        part = fold([*self._open.pop(key), event]).choices[0].parts[0]
        if self._texts is not None:
            self._ground(event.choice, part, "".join(self._texts.pop(key, ())))
        fields = part_fields(part)
        text_was_sent = self._text_parts.pop(key, None) is not None
        if fields is None or (text_was_sent and not _holds_more_than_text(fields)):
            return b""
        return self._chunk(event.choice, _encode(fields))

    def _ground(self, choice: int, part: Part, text: str) -> None:
        whole = msgspec.structs.replace(part, text=text) if isinstance(part, Text) else part
        self._groundings[choice].add(whole)

    def _finish(self, event: Finish) -> bytes:
        self._finishes[event.choice] = event
        return b""

    def _logprobs_member(self, tokens: Sequence[TokenLogprob]) -> bytes:
        return b',"logprobsResult":' + _encode(logprob_fields(tokens))

    def _chunk(self, choice: int, part: bytes) -> bytes:
        logprobs = self._logprobs.pop(choice, b"") if self._logprobs else b""
        return self._frame(_CHUNK % (part, choice, logprobs, self._origin))

    def _last_chunk(self) -> bytes:
        usage = b',"usageMetadata":' + _encode(usage_fields(self._usage)) if self._usage else b""
        candidates = b",".join([self._last_candidate(choice) for choice in sorted(self._finishes)])
        return _LAST_CHUNK % (candidates, self._origin, usage)

    def _last_candidate(self, choice: int) -> bytes:
        reason = reason_of(self._finishes[choice]).encode()
        grounding = self._groundings[choice].fields() if choice in self._groundings else {}
        more = b"," + members(grounding) if grounding else b""
        return _LAST_CANDIDATE % (reason, choice, self._logprobs.pop(choice, b"") + more)

    def _frame(self, chunk: bytes) -> bytes:
        return b"data: %b\n\n" % chunk

    def _end(self) -> bytes:
        return b""


class ArrayRenderer(ChunkRenderer):
    """One stream as one JSON array of chunks."""

    media_type = "application/json"
    keepalive = JSON_BLANK

    def __init__(self, context: ReplyContext, *, searches: bool = False) -> None:
        super().__init__(context, searches=searches)
        self._rewrites_relayed = True
        self._before_item = b"["

    def _rewrite_relayed(self, relayed: bytes) -> bytes:
        """Providers stream server-sent events. Their payloads become items of the array."""
        return b"".join([self._frame(payload) for event in events_of(relayed) if (payload := payload_of(event))])

    def _frame(self, chunk: bytes) -> bytes:
        before, self._before_item = self._before_item, b",\n"
        return before + chunk

    def _end(self) -> bytes:
        return b"]" if self._before_item != b"[" else b"[]"


def _holds_more_than_text(fields: dict[str, Any] | msgspec.Raw) -> bool:
    return isinstance(fields, msgspec.Raw) or FIELD in fields
