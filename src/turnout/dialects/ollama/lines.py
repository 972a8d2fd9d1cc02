"""Core events → one JSON object a line."""

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
    Start,
    StreamEvent,
    Text,
    Thinking,
    TokenLogprob,
    ToolCall,
    Usage,
    UsageSoFar,
)
from turnout.dialects import ReplyContext
from turnout.errors import TurnoutError

from .reply import Form, call_fields, encode, end_fields, error_body, head_of, logprob_fields

_TEXT = b""
_THINKING = b'"","thinking":'
_FIELDS = {Text: _TEXT, Refusal: _TEXT, Thinking: _THINKING}
"""What stands between a form's opening and the text. Ollama has no word of its own for a refusal."""


_ESCAPES = {"\x85".encode(): b"\\u0085", "\u2028".encode(): b"\\u2028", "\u2029".encode(): b"\\u2029"}
_LINE_ENDS = re.compile(b"|".join(_ESCAPES))
"""What is an end of a line to Unicode, and to clients that split a stream by its rules, as ``ollama``'s own does."""


class _Call:
    """A tool call while its arguments arrive: Ollama's come whole."""

    def __init__(self, part: ToolCall) -> None:
        self.part = part
        self.pieces = [part.arguments]

    def whole(self) -> ToolCall:
        return ToolCall(self.part.id, self.part.name, "".join(self.pieces))


class LineRenderer:
    """One streamed reply. The finish is held back until the end, when the usage is complete."""

    media_type = "application/x-ndjson"

    def __init__(self, form: Form, context: ReplyContext) -> None:
        self._form = form
        self._context = context
        self._head = b""
        self._tail = form.closing + b',"done":false}\n'
        self._fields: dict[int, bytes] = {}  # by the part's index
        self._calls: dict[int, _Call] = {}  # by the part's index, while they are open
        self._called = 0
        self._logprobs: list[TokenLogprob] = []  # those that the next line says
        self._usage: Usage | None = None
        self._finish: Finish | None = None
        self._first: float | None = None  # when the answer began
        self._relaying = False

    def feed(self, events: Sequence[StreamEvent]) -> bytes:
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
                    context = self._context
                    self._head = head_of(event.model or context.model, event.created or context.created)
                    self._head += self._form.opening
                case Logprobs(choice=0, tokens=tokens):
                    self._logprobs += tokens
                case UsageSoFar(usage=usage):
                    self._usage = usage
                case Finish(choice=0):
                    self._finish = event
        return b"".join(lines)

    def close(self) -> bytes:
        if self._relaying:
            return b""  # the provider's own last line has been passed on
        rest = b"".join([self._part_end(index) for index in list(self._calls)])
        fields = end_fields(self._finish, self._usage, self._context)
        if self._first is not None:
            fields["eval_duration"] = round((time.perf_counter() - self._first) * 1e9)
        more = self._form.closing + self._likely() + b"," + encode(fields)[1:]
        return b'%b%b""%b\n' % (rest, self._head, more)

    def fail(self, error: TurnoutError) -> bytes:
        return error_body(error, self._context.request_id) + b"\n"

    def _part_start(self, event: PartStart) -> bytes:
        if self._first is None:
            self._first = time.perf_counter()
        match event.part:
            case ToolCall() as part:
                self._calls[event.index] = _Call(part)
            case Text(text=text) | Thinking(text=text) | Refusal(text=text):
                field = self._fields[event.index] = _FIELDS[type(event.part)]
                return self._line(field + encode(text)) if text else b""
            case Image(data=str(data)):
                return self._line(b'"","images":' + encode([data]))
        return b""

    def _delta(self, event: Delta) -> bytes:
        field = self._fields.get(event.index)
        if field is not None:
            return self._line(field + encode(event.text))
        if event.index in self._calls:
            self._calls[event.index].pieces.append(event.text)
        return b""

    def _part_end(self, index: int) -> bytes:
        call = self._calls.pop(index, None)
        if call is None:
            return b""
        fields = call_fields([call.whole()], self._called)
        self._called += 1
        return self._line(b'"","tool_calls":' + encode(fields))

    def _line(self, said: bytes) -> bytes:
        if not said.isascii():
            said = _LINE_ENDS.sub(lambda found: _ESCAPES[found[0]], said)
        if self._logprobs:
            return self._head + said + self._form.closing + self._likely() + b',"done":false}\n'
        return self._head + said + self._tail

    def _likely(self) -> bytes:
        if not self._logprobs:
            return b""
        tokens, self._logprobs = self._logprobs, []
        return b',"logprobs":' + encode(logprob_fields(tokens))
