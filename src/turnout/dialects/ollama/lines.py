"""Core events → lines with one JSON object each."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

from turnout.core import (
    Delta,
    Finish,
    Image,
    Logprobs,
    PartEnd,
    PartStart,
    Refusal,
    Relayed,
    Seam,
    Start,
    StreamEvent,
    Text,
    Thinking,
    TokenLogprob,
    ToolCall,
    Usage,
    UsageSoFar,
)
from turnout.dialects import JSON_BLANK, ReplyContext
from turnout.dialects.json_members import members
from turnout.errors import TurnoutError

from .errors import error_body
from .reply import call_fields, encode, end_fields, head_members, logprobs_member

_BEFORE_TEXT = {Text: b"", Refusal: b"", Thinking: b'"","thinking":'}
"""The JSON before the text in the endpoint's template. Ollama has no field of its own for a refusal."""

_LINE = b'{%b,%b%b,"done":false}\n'  # head, answer, log probabilities
_LAST_LINE = b"{%b,%b%b,%b}\n"  # head, answer, log probabilities, end
_ESCAPES = {"\x85".encode(): b"\\u0085", "\u2028".encode(): b"\\u2028", "\u2029".encode(): b"\\u2029"}
_LINE_ENDS = re.compile(b"|".join(_ESCAPES))
"""Line ends of Unicode. Clients that split a stream at them, as ``ollama``'s own does, would cut a line in two."""


class _Call:
    """A tool call whose arguments are still arriving. Ollama's wire has only whole calls."""

    def __init__(self, part: ToolCall) -> None:
        self.part = part
        self.pieces = [part.arguments]

    def whole(self) -> ToolCall:
        return ToolCall(self.part.id, self.part.name, "".join(self.pieces))


class LineRenderer:
    """One streamed reply. Its last line holds the finish and the complete usage."""

    media_type = "application/x-ndjson"
    keepalive = JSON_BLANK

    def __init__(self, template: bytes, context: ReplyContext) -> None:
        self._template = template
        self._context = context
        self._head = b""
        self._plain_line = b""  # the template of a line without log probabilities
        self._before_text: dict[int, bytes] = {}  # part → the JSON before its text
        self._calls: dict[int, _Call] = {}  # part → its call, while it is open
        self._call_count = 0
        self._logprobs: list[TokenLogprob] = []  # the tokens of the next line
        self._usage: Usage | None = None
        self._finish: Finish | None = None
        self._answer_began: float | None = None  # ``time.perf_counter`` of the answer's first part
        self._relaying = False

    def feed(self, events: Sequence[StreamEvent]) -> bytes:  # noqa: C901  # one flat match
        lines = []
        for event in events:
            match event:
                case Relayed(data=data):
                    self._relaying = True
                    lines.append(data)
                case Delta(choice=0):
                    lines.append(self._delta(event))
                case PartStart(choice=0):
                    lines.append(self._part_start(event))
                case PartEnd(choice=0):
                    lines.append(self._part_end(event.index))
                case Start():
                    self._start(event)
                case Logprobs(choice=0, tokens=tokens):
                    self._logprobs += tokens
                case UsageSoFar(usage=usage):
                    self._usage = usage
                case Finish(choice=0):
                    self._finish = event
                case Seam(relayed=relayed, dropped=dropped):
                    self.feed(relayed)
                    self._relaying = False
                    self._calls = {index: call for index, call in self._calls.items() if index not in dropped}
        return b"".join(lines)

    def close(self) -> bytes:
        if self._relaying:
            return b""  # the provider's own last line was relayed
        rest = b"".join([self._part_end(index) for index in list(self._calls)])
        fields = end_fields(self._finish, self._usage, self._context)
        if self._answer_began is not None:
            fields["eval_duration"] = round((time.perf_counter() - self._answer_began) * 1e9)
        last = _LAST_LINE % (self._head, self._template % b'""', self._take_logprobs(), members(fields))
        return rest + last

    def fail(self, error: TurnoutError) -> bytes:
        return error_body(error, self._context.request_id) + b"\n"

    def _start(self, event: Start) -> None:
        context = self._context
        self._head = head_members(event.model or context.model, event.created or context.created)
        self._plain_line = _LINE % (self._head.replace(b"%", b"%%"), self._template, b"")

    def _part_start(self, event: PartStart) -> bytes:
        if self._answer_began is None:
            self._answer_began = time.perf_counter()
        match event.part:
            case ToolCall() as part:
                self._calls[event.index] = _Call(part)
            case Text(text=text) | Thinking(text=text) | Refusal(text=text):
                before_text = self._before_text[event.index] = _BEFORE_TEXT[type(event.part)]
                return self._line(before_text + encode(text)) if text else b""
            case Image(data=str(data)):
                return self._line(b'"","images":' + encode([data]))
        return b""

    def _delta(self, event: Delta) -> bytes:
        before_text = self._before_text.get(event.index)
        if before_text is not None:
            return self._line(before_text + encode(event.text))
        if event.index in self._calls:
            self._calls[event.index].pieces.append(event.text)
        return b""

    def _part_end(self, index: int) -> bytes:
        call = self._calls.pop(index, None)
        if call is None:
            return b""
        fields = call_fields([call.whole()], self._call_count)
        self._call_count += 1
        return self._line(b'"","tool_calls":' + encode(fields))

    def _line(self, content: bytes) -> bytes:
        if not content.isascii():
            content = _LINE_ENDS.sub(lambda match: _ESCAPES[match[0]], content)
        if self._logprobs:
            return _LINE % (self._head, self._template % content, self._take_logprobs())
        return self._plain_line % content

    def _take_logprobs(self) -> bytes:
        tokens, self._logprobs = self._logprobs, []
        return logprobs_member(tokens)
