"""A reply's bytes → core events."""

from __future__ import annotations

import msgspec

from turnout.core import (
    ChatRequest,
    Delta,
    Failure,
    Finish,
    Image,
    LineFramer,
    Logprobs,
    PartEnd,
    PartStart,
    Start,
    StreamEvent,
    Text,
    Thinking,
    ToolCall,
    UsageSoFar,
)
from turnout.core.images import media_type_of
from turnout.providers.frames import BodyReader, StreamReader
from turnout.providers.tool_calls import CallIds, arguments_text
from turnout.providers.unreadable import unreadable

from . import ollama_wire as wire

_REPLY = msgspec.json.Decoder(wire.Reply)


def read_reply(data: bytes) -> wire.Reply:
    """One body or one line; raises ``UpstreamBroken`` with the beginning of what can't be read."""
    try:
        reply = _REPLY.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise unreadable("Ollama sent what isn't a reply of its API.", data, error) from error
    if reply.response is not None or reply.thinking is not None:
        reply.message = wire.Message(content=reply.response, thinking=reply.thinking)
    if reply.message is None and reply.error is None and not reply.done:
        raise unreadable("Ollama's reply has no message.", data)
    return reply


def end_of(reply: wire.Reply, called: bool) -> list[StreamEvent]:
    """What the last line says, or an error in place of any line."""
    if reply.error is not None:
        return [Failure(wire.error_text(reply.error))]
    if not reply.done:
        return []
    native = reply.done_reason or ""
    usage = reply.usage()
    counted: list[StreamEvent] = [UsageSoFar(usage)] if usage else []
    return [*counted, Finish(wire.finish_reason(native, called), native)]


class _Reader:
    """Turns replies, one or many, into events."""

    def __init__(self, request: ChatRequest) -> None:
        self._ids = CallIds(request)
        self._started = False
        self._next = 0  # the next part's index
        self._open: type[Text] | type[Thinking] | None = None  # its index is the one before the next
        self._called = False
        self._done = False

    def read(self, reply: wire.Reply) -> list[StreamEvent]:
        """Nothing for what comes after the end, nor for what stands beside an error."""
        if self._done:
            return []
        if reply.error is not None:
            return end_of(reply, self._called)
        self._done = reply.done
        events: list[StreamEvent] = []
        if not self._started:
            self._started = True
            events.append(Start("", reply.model))
        if reply.logprobs:
            tokens = wire.logprobs_of(reply.logprobs)
            if tokens:
                events.append(Logprobs(tokens))
        if reply.message is not None:
            self._read_message(reply.message, events)
        if reply.done:
            self._end(events)
        return events + end_of(reply, self._called)

    def _read_message(self, message: wire.Message, events: list[StreamEvent]) -> None:
        if message.thinking:
            self._say(Thinking, message.thinking, events)
        if message.content:
            self._say(Text, message.content, events)
        for data in message.images or ():
            self._whole(Image(data=data, media_type=media_type_of(data)), events)
        for call in message.tool_calls or ():
            self._called = True
            made = ToolCall(call.id or self._ids.make(), call.function.name, arguments_text(call.function.arguments))
            self._whole(made, events)

    def _whole(self, part: Image | ToolCall, events: list[StreamEvent]) -> None:
        self._end(events)
        events += [PartStart(self._next, part), PartEnd(self._next)]
        self._next += 1

    def _say(self, kind: type[Text] | type[Thinking], text: str, events: list[StreamEvent]) -> None:
        if self._open is kind:
            events.append(Delta(self._next - 1, text))
            return
        self._end(events)
        self._open = kind
        events.append(PartStart(self._next, kind(text)))
        self._next += 1

    def _end(self, events: list[StreamEvent]) -> None:
        if self._open is not None:
            self._open = None
            events.append(PartEnd(self._next - 1))


class StreamDecoder(StreamReader[bytes]):
    """One reply a line."""

    def __init__(self, request: ChatRequest) -> None:
        super().__init__(LineFramer())
        self._reader = _Reader(request)

    def _read_frame(self, frame: bytes, events: list[StreamEvent]) -> None:
        events += self._reader.read(read_reply(frame))


class BodyDecoder(BodyReader):
    """One whole reply."""

    def __init__(self, request: ChatRequest) -> None:
        super().__init__()
        self._reader = _Reader(request)

    def _read_body(self, data: bytes) -> list[StreamEvent]:
        return self._reader.read(read_reply(data))
