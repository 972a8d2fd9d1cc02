"""Reads a reply's bytes into core events."""

from __future__ import annotations

import msgspec
from msgspec import Raw

from turnout.core import (
    Delta,
    Extensions,
    Finish,
    Part,
    PartEnd,
    PartStart,
    Refusal,
    SSEFramer,
    Start,
    StreamEvent,
    Text,
    ToolCall,
    UsageSoFar,
)
from turnout.errors import UpstreamBroken
from turnout.providers.frames import BodyReader, StreamReader, is_empty_event

from . import anthropic_wire as wire
from .anthropic_wire import Fields
from .blocks import extensions, foreign_block, part_of
from .read import MESSAGE_STOP, Progress, failure_of, finish_of, read, whole_finish
from .usage import usage_of
from .web_search import citations_in

_EVENT = msgspec.json.Decoder(wire.Event)
_BODY = msgspec.json.Decoder(wire.Body)
_UNKNOWN_PIECE = msgspec.json.Decoder(wire.UnknownPiece)
_FIELDS = msgspec.json.Decoder(Fields)
_STRING = msgspec.json.Decoder(str | None)


class _OpenPart:
    """A part whose block has not ended yet."""

    def __init__(self, index: int) -> None:
        self._index = index
        self._signature: str | None = None
        self._citations: list[Raw] = []
        self._extra: Fields = {}

    def add(self, piece: wire.Piece, data: bytes, events: list[StreamEvent]) -> None:
        """``data`` is the whole event. It is read again for a piece of an unknown type, whose fields are kept."""
        match piece.type:
            case "text_delta":
                events.append(Delta(self._index, piece.text))
            case "thinking_delta":
                events.append(Delta(self._index, piece.thinking))
            case "input_json_delta":
                self._add_input(piece.partial_json, events)
            case "signature_delta":
                self._signature = piece.signature
            case "citations_delta" if isinstance(piece.citation, Raw):
                self._citations.append(piece.citation)
            case _:
                fields = read(_UNKNOWN_PIECE, data).delta
                self._extra |= {name: value for name, value in fields.items() if name != "type"}

    def end(self, events: list[StreamEvent]) -> None:
        extensions = self._extensions()
        cited = citations_in(self._extra.get("citations"))
        events.append(PartEnd(self._index, signature=self._signature, extensions=extensions, citations=cited))

    def _add_input(self, text: str, events: list[StreamEvent]) -> None:
        events.append(Delta(self._index, text))

    def _extensions(self) -> Extensions:
        if self._citations:
            self._extra["citations"] = Raw(b"[%b]" % b",".join([bytes(citation) for citation in self._citations]))
        return extensions(self._extra)


class _OpenCall(_OpenPart):
    """An open tool call. One without arguments has no pieces, or empty ones; then its block's ``{}`` is sent."""

    def __init__(self, index: int, arguments: str) -> None:
        super().__init__(index)
        self._arguments = arguments
        self._has_arguments = False

    def _add_input(self, text: str, events: list[StreamEvent]) -> None:
        if text:
            self._has_arguments = True
            events.append(Delta(self._index, text))

    def end(self, events: list[StreamEvent]) -> None:
        if not self._has_arguments:
            events.append(Delta(self._index, self._arguments))
        super().end(events)


class _OpenForeign(_OpenPart):
    """An open block of Anthropic's own, such as a search. Its pieces are put together, and it is given as a whole."""

    def __init__(self, index: int, block: Fields) -> None:
        super().__init__(index)
        self._block = block
        self._input: list[str] = []

    def _add_input(self, text: str, events: list[StreamEvent]) -> None:
        self._input.append(text)

    def end(self, events: list[StreamEvent]) -> None:
        if self._input:
            self._extra["input"] = self._whole_input()
        events += [PartStart(self._index, part_of(self._block | self._extra)), PartEnd(self._index)]

    def _whole_input(self) -> Raw:
        """The input as JSON. An answer that was cut has half an input, which is sent as ``INVALID_JSON``."""
        text = "".join(self._input)
        try:
            _FIELDS.decode(text)
        except (msgspec.DecodeError, RecursionError):
            return Raw(msgspec.json.encode({"INVALID_JSON": text}))
        return Raw(text.encode())


class StreamDecoder(StreamReader[tuple[str, bytes]]):
    """A ``text/event-stream``."""

    def __init__(self) -> None:
        super().__init__(SSEFramer())
        self._progress = Progress()
        self._open: dict[int, _OpenPart] = {}
        self._next = 0  # the next part's index
        self._started = False
        self._text_only = True  # what is open
        self._failed = False

    def _read_frame(self, frame: tuple[str, bytes], events: list[StreamEvent]) -> None:
        _, data = frame
        if not self._failed and (data.startswith(b"{") or not is_empty_event(data)):
            self._read(read(_EVENT, data, self._mark), data, events)

    def _can_spare_a_frame(self) -> bool:
        """Not inside of a call, nor inside of a thought, which is signed."""
        return self._text_only

    def _read(self, event: wire.Event, data: bytes, events: list[StreamEvent]) -> None:
        if event.error is not None:
            self._failed = True
            events.append(failure_of(event.error))
        elif event.type == "message_delta":
            events += self._progress.usage_events(event.usage)
            self._finish(event.delta, events)
        elif not self._progress.done:
            self._read_content(event, data, events)

    def _read_content(self, event: wire.Event, data: bytes, events: list[StreamEvent]) -> None:
        if event.type == "content_block_delta" and event.delta is not None:
            if event.index not in self._open:
                raise UpstreamBroken(f"The provider went on with content block {event.index}, which is not open.")
            self._open[event.index].add(event.delta, data, events)
        elif event.type == "content_block_start" and event.content_block is not None:
            self._start_block(event.index, event.content_block, events)
        elif event.type == "content_block_stop":
            self._end_block(event.index, events)
        elif event.type == "message_start" and event.message is not None and self._progress.starts(event.message):
            self._start_message(event.message, events)
        elif event.type == MESSAGE_STOP:
            self._end(self._progress.last_finish(may_lack=bool(self.left_out)), None, events)

    def _start_message(self, message: wire.Message, events: list[StreamEvent]) -> None:
        """Usually the message has no content yet. The answer to a tool that code called comes whole at its start."""
        if not self._started:
            self._started = True
            events.append(Start(message.id, message.model))
        events += self._progress.usage_events(message.usage)
        for part in _parts_of(message):
            self._progress.note(called=isinstance(part, ToolCall))
            events += [PartStart(self._next, part), PartEnd(self._next)]
            self._next += 1
        finish = self._progress.first_finish(message)
        if finish is not None:
            events.append(finish)

    def _start_block(self, index: int, block: Fields, events: list[StreamEvent]) -> None:
        """A block with an index that was used before is a new part."""
        self._ensure_started(events)
        self._end_block(index, events)
        part, number = part_of(dict(block)), max(index, self._next)
        self._next = number + 1
        self._progress.note(called=isinstance(part, ToolCall))
        self._text_only = isinstance(part, Text) and not foreign_block(part)
        if foreign_block(part):
            self._open[index] = _OpenForeign(number, block)
            return
        if isinstance(part, ToolCall):
            self._open[index] = _OpenCall(number, part.arguments)
            part = msgspec.structs.replace(part, arguments="")
        else:
            self._open[index] = _OpenPart(number)
        events.append(PartStart(number, part))

    def _ensure_started(self, events: list[StreamEvent]) -> None:
        """Starts a message that came without its ``message_start``."""
        if not self._started:
            self._started = True
            events.append(Start())

    def _end_block(self, index: int, events: list[StreamEvent]) -> None:
        part = self._open.pop(index, None)
        if part is not None:
            part.end(events)

    def _finish(self, piece: wire.Piece | None, events: list[StreamEvent]) -> None:
        self._end(self._progress.first_finish(piece), piece.stop_details if piece else None, events)

    def _end(self, finish: Finish | None, details: Fields | None, events: list[StreamEvent]) -> None:
        if finish is None:
            return
        self._ensure_started(events)
        for index in list(self._open):
            self._end_block(index, events)
        refusal = _refusal_of(details)
        if refusal is not None:
            events += [PartStart(self._next, refusal), PartEnd(self._next)]
        events.append(finish)


class BodyDecoder(BodyReader):
    """One whole ``message``."""

    def _read_body(self, data: bytes) -> list[StreamEvent]:
        body = read(_BODY, data)
        if body.error is not None:
            return [failure_of(body.error)]
        parts = _parts_of(body)
        called = any(isinstance(part, ToolCall) for part in parts)
        finish = finish_of(body, called=called) or whole_finish(body, called=called)
        events: list[StreamEvent] = [Start(body.id, body.model)]
        for index, part in enumerate(parts):
            events += [PartStart(index, part), PartEnd(index)]
        if body.usage is not None:
            events.append(UsageSoFar(usage_of(body.usage)))
        return [*events, finish]


def _parts_of(message: wire.Message) -> list[Part]:
    parts = [part_of(block) for block in message.content]
    refusal = _refusal_of(message.stop_details)
    return parts if refusal is None else [*parts, refusal]


def _refusal_of(details: Fields | None) -> Refusal | None:
    """The text of a refusal, which is in the stop details and not in a block."""
    if not details:
        return None
    text = read(_STRING, bytes(details.get("explanation", Raw(b"null"))))
    if text is None:
        return None
    extra = {name: value for name, value in details.items() if name not in ("type", "explanation")}
    return Refusal(text, extensions(extra))
