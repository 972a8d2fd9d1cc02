"""A reply's bytes → core events."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from turnout.core import (
    ChatRequest,
    Delta,
    Failure,
    Finish,
    Logprobs,
    Part,
    PartEnd,
    PartStart,
    Refusal,
    SSEFramer,
    Start,
    StreamEvent,
    Text,
    Thinking,
    ToolCall,
    UsageSoFar,
)
from turnout.errors import UpstreamBroken
from turnout.providers.choices import PerChoice
from turnout.providers.frames import BodyReader, FrameReader
from turnout.providers.tool_calls import CallIds, arguments_text
from turnout.providers.unreadable import decode_reply

from . import chat_wire as wire

NOT_A_COMPLETION = "The provider sent what isn't a chat completion."
_REPLY = msgspec.json.Decoder(wire.Reply)
_TEXT = msgspec.json.Decoder(str)

DONE = "[DONE]"
"""Ends a stream, and its choices, too, if a vendor names no reason for their ends."""


def is_empty_event(data: bytes) -> bool:
    """Whether the event is the end of the stream, or only keeps the connection open."""
    return data[:1] != b"{" and data.strip() in (b"[DONE]", b"")


def failure_of(error: wire.ErrorFields | str) -> Failure:
    """The failure for an error in place of an answer."""
    if isinstance(error, str):
        return Failure(error)
    code = error.code if error.code is not None else error.type
    status = error.code if isinstance(error.code, int) and 400 <= error.code <= 599 else 502
    return Failure(error.message or "The provider reported an error.", None if code is None else str(code), status)


def finish_of(reason: str, choice: int, *, calls: bool = False) -> Finish:
    """``calls``: the choice has tool calls. OpenAI ends a forced one with ``stop``, other vendors any."""
    meaning = wire.REASONS.get(reason, "other")
    return Finish("tool_calls" if calls and meaning == "stop" else meaning, reason, choice)


def _arguments_of(function: wire.FunctionPiece) -> str:
    """The JSON text, or a piece of it. Raises ``UpstreamBroken``."""
    arguments = bytes(function.arguments)
    if arguments in (b"", b"null"):
        return ""
    if arguments.startswith(b'"'):
        return decode_reply(_TEXT, arguments, "The provider sent a tool call whose arguments can't be read.")
    return arguments_text(function.arguments)


class _ChoiceReader:
    """Builds the parts of one choice from its pieces."""

    def __init__(self, number: int, ids: CallIds) -> None:
        self._number = number
        self._ids = ids
        self._next = 0  # the next part's index
        self._open: tuple[type[Part], int] | None = None  # the open text, thinking or refusal
        self._calls = Calls()
        self._finished = False

    @property
    def has_answer(self) -> bool:
        return self._next > 0

    def read(self, piece: wire.Piece, events: list[StreamEvent]) -> None:
        """Ignores pieces after the finish."""
        if self._finished:
            return
        thought = piece.reasoning_content or piece.reasoning
        if thought:
            self._add_text(Thinking(thought), thought, events)
        content = piece.content
        if isinstance(content, list):
            self._add_parts(content, Text, events)
        elif content:
            self._add_text(Text(content), content, events)
        if piece.refusal:
            self._add_text(Refusal(piece.refusal), piece.refusal, events)
        for call in piece.tool_calls or ():
            self._add_call(call, events)

    def finish(self, reason: str, events: list[StreamEvent]) -> None:
        """Ignores a second reason: some vendors repeat it in the chunk with the usage."""
        if self._finished:
            return
        self._finished = True
        self._end_open(events)
        events += [PartEnd(index, self._number) for index in self._calls.parts]
        events.append(finish_of(reason, self._number, calls=bool(self._calls.parts)))

    def _add_parts(
        self, pieces: Sequence[wire.ContentPiece], kind: type[Text] | type[Thinking], events: list[StreamEvent]
    ) -> None:
        for piece in pieces:
            if piece.text:
                self._add_text(kind(piece.text), piece.text, events)
            self._add_parts(piece.thinking or (), Thinking, events)

    def _add_text(self, part: Part, text: str, events: list[StreamEvent]) -> None:
        if self._open and self._open[0] is type(part):
            events.append(Delta(self._open[1], text, self._number))
            return
        self._end_open(events)
        self._open = (type(part), self._next)
        self._start(part, events)

    def _add_call(self, call: wire.ToolCallPiece, events: list[StreamEvent]) -> None:
        self._end_open(events)
        function = call.function or wire.FunctionPiece()
        index = self._calls.find(call)
        if index is None:
            self._calls.add(call, self._next)
            tool_call = ToolCall(call.id or self._ids.make(), function.name or "", _arguments_of(function))
            self._start(tool_call, events)
        elif arguments := _arguments_of(function):
            events.append(Delta(index, arguments, self._number))

    def _start(self, part: Part, events: list[StreamEvent]) -> None:
        events.append(PartStart(self._next, part, self._number))
        self._next += 1

    def _end_open(self, events: list[StreamEvent]) -> None:
        if self._open:
            events.append(PartEnd(self._open[1], self._number))
            self._open = None


class Calls:
    """Finds the part that a piece of a tool call belongs to. All calls stay open to the end, as pieces may interleave.

    OpenAI numbers the calls. If a vendor doesn't, a piece with a new id begins a call, and a piece without an id
    continues the last one. If a vendor gives all calls the same number (Gemini), each call has a name and an id of its
    own. An id alone proves nothing, as old versions of vLLM made a new one for every piece.
    """

    def __init__(self) -> None:
        self.parts: list[int] = []
        self._by_number: dict[int, int] = {}
        self._by_id: dict[str, int] = {}

    def find(self, call: wire.ToolCallPiece) -> int | None:
        """The index of the part that ``call`` continues; None when it begins a new one."""
        if call.id and call.id in self._by_id:
            return self._by_id[call.id]
        if call.id and (call.index is None or (call.function and call.function.name)):
            return None
        if call.index is not None:
            return self._by_number.get(call.index)
        return self.parts[-1] if self.parts else None

    def add(self, call: wire.ToolCallPiece, index: int) -> None:
        self.parts.append(index)
        if call.index is not None:
            self._by_number[call.index] = index
        if call.id:
            self._by_id[call.id] = index


class _Reader:
    """Turns one or more replies into events."""

    def __init__(self, request: ChatRequest) -> None:
        ids = CallIds(request)
        self._started = False
        self._failed = False
        self._choices = PerChoice(lambda number: _ChoiceReader(number, ids))

    def read(self, reply: wire.Reply) -> list[StreamEvent]:
        events: list[StreamEvent] = []
        if reply.error is not None:
            self._failed = True
            return [failure_of(reply.error)]
        if not self._started and reply.choices:
            self._started = True
            events.append(Start(reply.id or "", reply.model or "", int(reply.created or 0)))
        for choice in reply.choices or ():
            self._read_choice(choice, events)
        usage = wire.usage_of(reply.usage)
        if usage:
            events.append(UsageSoFar(usage))
        return events

    def end(self, events: list[StreamEvent]) -> None:
        """Finishes the choices that have an answer and no finish, unless an error came."""
        for reader in self._choices.values():
            if reader.has_answer and not self._failed:
                reader.finish(DONE, events)

    def _read_choice(self, choice: wire.Choice, events: list[StreamEvent]) -> None:
        reader = self._choices[choice.index]
        if choice.logprobs:
            tokens = (*(choice.logprobs.content or ()), *(choice.logprobs.refusal or ()))
            if tokens:
                events.append(Logprobs(tuple([token.token_logprob() for token in tokens]), choice.index))
        piece = choice.delta or choice.message
        if piece:
            reader.read(piece, events)
        if choice.finish_reason:
            reader.finish(choice.finish_reason, events)


class StreamDecoder(FrameReader[tuple[str, bytes]]):
    """A ``text/event-stream`` of chunks."""

    def __init__(self, request: ChatRequest) -> None:
        self._framer = SSEFramer()
        self._reader = _Reader(request)

    def feed(self, data: bytes) -> list[StreamEvent]:
        return self._read_all(self._framer.feed(data))

    def close(self) -> list[StreamEvent]:
        return self._read_all(self._framer.close())

    def _read_frame(self, frame: tuple[str, bytes], events: list[StreamEvent]) -> None:
        _, data = frame
        if data.startswith(b"{") or not is_empty_event(data):
            events += self._reader.read(decode_reply(_REPLY, data, NOT_A_COMPLETION))
        elif data.strip():
            self._reader.end(events)


class BodyDecoder(BodyReader):
    """One whole ``chat.completion``."""

    def __init__(self, request: ChatRequest) -> None:
        self._request = request
        super().__init__()

    def _read_body(self, data: bytes) -> list[StreamEvent]:
        reply = decode_reply(_REPLY, data, NOT_A_COMPLETION)
        if not reply.choices and reply.error is None:
            raise UpstreamBroken("The provider's reply has no choices.")
        return _Reader(self._request).read(reply)
