"""Reads a reply's bytes into core events."""

from __future__ import annotations

import msgspec

from turnout.core import (
    ChatRequest,
    Delta,
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
from turnout.providers.half_pairs import lost
from turnout.providers.odd_values import Mark
from turnout.providers.tool_calls import CallIds, arguments_text
from turnout.providers.unreadable import decode_reply, unreadable

from . import ollama_wire as wire

_REPLY = msgspec.json.Decoder(wire.Reply)


def read_reply(data: bytes, mark: Mark = lost) -> wire.Reply:
    """Decodes one body or one line; raises ``UpstreamBroken`` with the beginning of unreadable bytes."""
    reply = decode_reply(_REPLY, data, "Ollama sent what isn't a reply of its API.", mark)
    if reply.response is not None or reply.thinking is not None:
        reply.message = wire.Message(content=reply.response, thinking=reply.thinking)
    if reply.message is None and reply.error is None and not reply.done:
        raise unreadable("Ollama's reply has no message.", data)
    return reply


def end_of(reply: wire.Reply, called: bool) -> list[StreamEvent]:
    """The usage and the finish of the last line, or the failure of a line with an error; empty for any other line."""
    if reply.error is not None:
        return [wire.failure_of(reply.error)]
    if not reply.done:
        return []
    native = reply.done_reason or ""
    usage = reply.usage()
    usage_events: list[StreamEvent] = [UsageSoFar(usage)] if usage else []
    return [*usage_events, Finish(wire.finish_reason(native, called), native)]


class _Reader:
    """Turns replies, one or many, into events."""

    def __init__(self, request: ChatRequest) -> None:
        self._ids = CallIds(request)
        self._started = False
        self._next = 0  # the next part's index
        self._open: type[Text] | type[Thinking] | None = None  # the kind of the open part, which has the last index
        self._called = False
        self._done = False

    def read(self, reply: wire.Reply) -> list[StreamEvent]:
        """Ignores replies after the last one, and other fields beside an error."""
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
            self._add_text(Thinking, message.thinking, events)
        if message.content:
            self._add_text(Text, message.content, events)
        for data in message.images or ():
            self._add_whole(Image(data=data, media_type=media_type_of(data)), events)
        for call in message.tool_calls or ():
            self._called = True
            call_id = call.id or self._ids.make()
            self._add_whole(ToolCall(call_id, call.function.name, arguments_text(call.function.arguments)), events)

    def _add_whole(self, part: Image | ToolCall, events: list[StreamEvent]) -> None:
        """Adds a part that comes in one piece."""
        self._end(events)
        events += [PartStart(self._next, part), PartEnd(self._next)]
        self._next += 1

    def _add_text(self, kind: type[Text] | type[Thinking], text: str, events: list[StreamEvent]) -> None:
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
    """A stream that has one reply in each line."""

    def __init__(self, request: ChatRequest) -> None:
        super().__init__(LineFramer())
        self._reader = _Reader(request)

    def _read_frame(self, frame: bytes, events: list[StreamEvent]) -> None:
        events += self._reader.read(read_reply(frame, self._mark))


class BodyDecoder(BodyReader):
    """One whole reply."""

    def __init__(self, request: ChatRequest) -> None:
        super().__init__()
        self._reader = _Reader(request)

    def _read_body(self, data: bytes) -> list[StreamEvent]:
        return self._reader.read(read_reply(data))
