"""A reply's bytes → core events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Raw

from turnout.core import (
    ChatRequest,
    Citation,
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
)
from turnout.errors import UpstreamBroken
from turnout.providers import error_words
from turnout.providers.choices import PerChoice
from turnout.providers.frames import BodyReader, StreamReader, is_empty_event
from turnout.providers.half_pairs import lost
from turnout.providers.odd_values import Mark
from turnout.providers.tool_calls import CallIds, arguments_piece
from turnout.providers.unreadable import decode_reply
from turnout.providers.usage import UsageCount

from . import chat_wire as wire
from .annotations import citations_in
from .calls import Call, Calls
from .chat_usage import usage_of
from .pictures import image_in

NOT_A_COMPLETION = "The provider sent what isn't a chat completion."
_REPLY = msgspec.json.Decoder(wire.Reply)

FORM = "openai"
"""The form of this wire's errors, which all of OpenAI's wires share."""

DONE = "[DONE]"
"""Ends a stream, and its choices, too, if a vendor names no reason for their ends."""

WHOLE = ""
"""Ends the choices of a whole reply that names no reason."""


def failure_of(error: Any) -> Failure:
    """The failure for an error in place of an answer."""
    return error_words.failure_of(error, FORM)


def finish_of(reason: str, choice: int, *, calls: bool = False) -> Finish:
    """``calls``: the choice has tool calls. OpenAI ends a forced one with ``stop``, other vendors any."""
    meaning = wire.REASONS.get(reason, "other")
    return Finish("tool_calls" if calls and meaning == "stop" else meaning, reason, choice)


class _ChoiceReader:
    """Builds the parts of one choice from its pieces."""

    def __init__(self, number: int, ids: CallIds, mark: Mark | None) -> None:
        self._number = number
        self._ids = ids
        self._in_pieces = mark is not None
        self._mark = mark or lost
        self._next = 0  # the next part's index
        self._open: tuple[type[Part], int] | None = None  # the open text, thinking or refusal
        self._calls = Calls()
        self._texts = 0  # parts
        self._citations: list[Citation] = []
        self._finished = False
        self._from_messages = False

    @property
    def has_answer(self) -> bool:
        return self._next > 0

    @property
    def calls(self) -> bool:
        return bool(self._calls.all)

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
        if piece.annotations:
            self._citations += citations_in(piece.annotations, placed=self._texts < 2)
        for image in piece.images or ():
            self._add_image(image, events)
        for call in piece.tool_calls or ():
            self._add_call(call, events)
        if piece.function_call and not piece.tool_calls:
            self._add_call(wire.ToolCallPiece(function=piece.function_call), events)

    def read_message(self, message: wire.Piece, delta: wire.Piece | None, events: list[StreamEvent]) -> None:
        """Some servers send it in place of the delta, others all that there is so far beside it."""
        if delta is not None and not delta.says_nothing:
            self.read(delta, events)
        elif self._from_messages or not self.has_answer:
            self._from_messages = True
            self.read(message, events)

    def finish(self, reason: str, events: list[StreamEvent]) -> None:
        """Ignores a second reason: some vendors repeat it in the chunk with the usage."""
        if self._finished:
            return
        self._finished = True
        self._end_open(events)
        events += [PartEnd(call.index, self._number) for call in self._calls.all]
        events.append(finish_of(reason, self._number, calls=bool(self._calls.all)))

    def _add_parts(
        self, pieces: Sequence[wire.ContentPiece], kind: type[Text] | type[Thinking], events: list[StreamEvent]
    ) -> None:
        for piece in pieces:
            if piece.text:
                self._add_text(kind(piece.text), piece.text, events)
            if isinstance(piece.thinking, str):
                self._add_text(Thinking(piece.thinking), piece.thinking, events)
            elif piece.thinking:
                self._add_parts(piece.thinking, Thinking, events)

    def _add_text(self, part: Part, text: str, events: list[StreamEvent]) -> None:
        if self._open and self._open[0] is type(part):
            events.append(Delta(self._open[1], text, self._number))
            return
        self._end_open(events)
        self._open = (type(part), self._next)
        self._texts += isinstance(part, Text)
        self._start(part, events)

    def _add_image(self, piece: wire.ImagePiece, events: list[StreamEvent]) -> None:
        image = image_in(piece)
        if image is not None:
            self._end_open(events)
            self._start(image, events)
            events.append(PartEnd(self._next - 1, self._number))

    def _add_call(self, piece: wire.ToolCallPiece, events: list[StreamEvent]) -> None:
        self._end_open(events)
        function = piece.function or wire.FunctionPiece()
        arguments = arguments_piece(function.arguments, self._mark) if function.arguments else ""
        call = self._calls.find(piece, arguments) if self._in_pieces else None
        if call is None:
            call_id = self._ids.make() if not piece.id or self._calls.is_taken(piece.id) else piece.id
            self._calls.add(piece, Call(self._next, call_id, function.name or "", arguments))
            self._start(ToolCall(call_id, function.name or "", arguments), events)
        elif arguments and not (function.name and call.has(arguments)):
            call.add(arguments)
            events.append(Delta(call.index, arguments, self._number))

    def _start(self, part: Part, events: list[StreamEvent]) -> None:
        events.append(PartStart(self._next, part, self._number))
        self._next += 1

    def _end_open(self, events: list[StreamEvent]) -> None:
        if self._open:
            citations = tuple(self._citations) if self._open[0] is Text else ()
            events.append(PartEnd(self._open[1], self._number, citations=citations))
            self._open = None


class _Reader:
    """Turns one or more replies into events. ``mark`` is that of a stream; None for a whole reply."""

    def __init__(self, request: ChatRequest, mark: Mark | None = None) -> None:
        ids = CallIds(request)
        self._started = False
        self._failed = False
        self._usage = UsageCount()
        self._choices = PerChoice(lambda number: _ChoiceReader(number, ids, mark))

    def read(self, reply: wire.Reply, data: bytes) -> list[StreamEvent]:
        """``data`` is the reply's JSON."""
        events: list[StreamEvent] = []
        if reply.error is not None:
            self._failed = True
            return [failure_of(reply.error)]
        choices = reply.choices
        if choices:
            if not self._started:
                self._started = True
                events.append(Start(reply.id or "", reply.model or "", int(reply.created or 0)))
            for choice in choices:
                self._read_choice(choice, choices, data, events)
        if reply.usage:
            self._count(reply.usage, data, events)
        return events

    @property
    def calls(self) -> bool:
        return any(reader.calls for reader in self._choices.values())

    def end(self, reason: str, events: list[StreamEvent]) -> None:
        """Finishes the choices that have an answer and no finish, unless an error came."""
        for reader in self._choices.values():
            if reader.has_answer and not self._failed:
                reader.finish(reason, events)

    def _read_choice(
        self, choice: wire.Choice, choices: list[wire.Choice], data: bytes, events: list[StreamEvent]
    ) -> None:
        number = choice.index
        if number < 0:
            number = wire.place_of(choice, choices)
        reader = self._choices[number]
        if choice.logprobs:
            tokens = (*(choice.logprobs.content or ()), *(choice.logprobs.refusal or ()))
            if tokens:
                events.append(Logprobs(tuple([token.token_logprob() for token in tokens]), number))
        if choice.message:
            reader.read_message(choice.message, choice.delta, events)
        elif choice.delta:
            reader.read(choice.delta, events)
        if choice.finish_reason and choice.finish_reason not in wire.NO_REASONS:
            reader.finish(choice.finish_reason, events)
        if choice.usage:
            self._count(choice.usage, data, events)

    def _count(self, raw: Raw, data: bytes, events: list[StreamEvent]) -> None:
        usage = usage_of(raw, data)
        if usage:
            events.append(self._usage.add(usage))


class StreamDecoder(StreamReader[tuple[str, bytes]]):
    """A ``text/event-stream`` of chunks."""

    def __init__(self, request: ChatRequest) -> None:
        super().__init__(SSEFramer())
        self._reader = _Reader(request, self._mark)

    def _read_frame(self, frame: tuple[str, bytes], events: list[StreamEvent]) -> None:
        _, data = frame
        if data.startswith(b"{") or not is_empty_event(data):
            events += self._reader.read(decode_reply(_REPLY, data, NOT_A_COMPLETION, self._mark), data)
        elif data.strip() == b"[DONE]":
            self._reader.end(DONE, events)

    def _can_spare_a_frame(self) -> bool:
        return not self._reader.calls


class BodyDecoder(BodyReader):
    """One whole ``chat.completion``."""

    def __init__(self, request: ChatRequest) -> None:
        self._request = request
        super().__init__()

    def _read_body(self, data: bytes) -> list[StreamEvent]:
        reply = decode_reply(_REPLY, data, NOT_A_COMPLETION)
        if not reply.choices and reply.error is None:
            raise UpstreamBroken("The provider's reply has no choices.")
        reader = _Reader(self._request)
        events = reader.read(reply, data)
        reader.end(WHOLE, events)
        return events
