"""A reply's bytes → core events."""

from __future__ import annotations

import msgspec

from turnout.core import (
    Delta,
    Failure,
    Finish,
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
from turnout.providers.frames import FrameReader

from . import wire

_REPLY = msgspec.json.Decoder(wire.Reply)


def read_reply(data: bytes) -> wire.Reply:
    """One body or one chunk; raises ``UpstreamBroken`` with the beginning of what can't be read."""
    try:
        return _REPLY.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UpstreamBroken(f"The provider sent what isn't a chat completion ({error}): {data[:200]!r}") from error


def failure_of(error: wire.ErrorFields | str) -> Failure:
    """An error that came where an answer should be."""
    if isinstance(error, str):
        return Failure(error)
    code = error.code if error.code is not None else error.type
    status = error.code if isinstance(error.code, int) and 400 <= error.code <= 599 else 502
    return Failure(error.message or "The provider reported an error.", None if code is None else str(code), status)


def finish_of(choice: wire.Choice) -> Finish | None:
    if not choice.finish_reason:
        return None
    return Finish(wire.REASONS.get(choice.finish_reason, "other"), choice.finish_reason, choice.index)


class _ChoiceReader:
    """Makes the parts of one choice out of its pieces."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._next = 0  # the next part's index
        self._open: tuple[type[Part], int] | None = None  # the open text, thinking or refusal
        self._calls: dict[int, int] = {}  # the wire's number of a tool call → its part's index

    def read(self, piece: wire.Piece, events: list[StreamEvent]) -> None:
        thought = piece.reasoning_content or piece.reasoning
        if thought:
            self._say(Thinking(thought), thought, events)
        if piece.content:
            self._say(Text(piece.content), piece.content, events)
        if piece.refusal:
            self._say(Refusal(piece.refusal), piece.refusal, events)
        for number, call in enumerate(piece.tool_calls or ()):
            self._call(call, number, events)

    def end(self, events: list[StreamEvent]) -> None:
        """Ends whatever is open."""
        self._end_open(events)
        events += [PartEnd(index, self._number) for index in self._calls.values()]
        self._calls = {}

    def _say(self, part: Part, text: str, events: list[StreamEvent]) -> None:
        if self._open and self._open[0] is type(part):
            events.append(Delta(self._open[1], text, self._number))
            return
        self.end(events)
        self._open = (type(part), self._next)
        self._start(part, events)

    def _call(self, call: wire.ToolCallPiece, position: int, events: list[StreamEvent]) -> None:
        self._end_open(events)
        key = position if call.index is None else call.index
        function = call.function or wire.FunctionPiece()
        if call.index is None and call.id:
            key = len(self._calls)  # a vendor without indexes begins a new call with every id
        if key in self._calls:
            if function.arguments:
                events.append(Delta(self._calls[key], function.arguments, self._number))
            return
        self._calls[key] = self._next
        call_id = call.id or f"call_{self._number}_{self._next}"
        self._start(ToolCall(call_id, function.name or "", function.arguments or ""), events)

    def _start(self, part: Part, events: list[StreamEvent]) -> None:
        events.append(PartStart(self._next, part, self._number))
        self._next += 1

    def _end_open(self, events: list[StreamEvent]) -> None:
        if self._open:
            events.append(PartEnd(self._open[1], self._number))
            self._open = None


class _Reader:
    """Turns replies, one or many, into events."""

    def __init__(self) -> None:
        self._started = False
        self._choices: dict[int, _ChoiceReader] = {}

    def read(self, reply: wire.Reply) -> list[StreamEvent]:
        events: list[StreamEvent] = []
        if reply.error is not None:
            return [failure_of(reply.error)]
        if not self._started and reply.choices:
            self._started = True
            events.append(Start(reply.id or "", reply.model or "", int(reply.created or 0)))
        for choice in reply.choices or ():
            self._read_choice(choice, events)
        if reply.usage:
            events.append(UsageSoFar(reply.usage.usage()))
        return events

    def _read_choice(self, choice: wire.Choice, events: list[StreamEvent]) -> None:
        reader = self._choices.get(choice.index)
        if reader is None:
            reader = self._choices[choice.index] = _ChoiceReader(choice.index)
        piece = choice.delta or choice.message
        if piece:
            reader.read(piece, events)
        finish = finish_of(choice)
        if finish:
            reader.end(events)
            events.append(finish)


class StreamDecoder(FrameReader[tuple[str, bytes]]):
    """A ``text/event-stream`` of chunks."""

    def __init__(self) -> None:
        self._framer = SSEFramer()
        self._reader = _Reader()

    def feed(self, data: bytes) -> list[StreamEvent]:
        return self._read_all(self._framer.feed(data))

    def close(self) -> list[StreamEvent]:
        return self._read_all(self._framer.close())

    def _read_frame(self, frame: tuple[str, bytes], events: list[StreamEvent]) -> None:
        _, data = frame
        if data != b"[DONE]":
            events += self._reader.read(read_reply(data))


class BodyDecoder:
    """One whole ``chat.completion``."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def feed(self, data: bytes) -> list[StreamEvent]:
        self._pieces.append(data)
        return []

    def close(self) -> list[StreamEvent]:
        reply = read_reply(b"".join(self._pieces))
        if not reply.choices and reply.error is None:
            raise UpstreamBroken("The provider's reply has no choices.")
        return _Reader().read(reply)
