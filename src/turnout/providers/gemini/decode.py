"""Reads a reply's bytes into core events."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from turnout.core import (
    Audio,
    ChatRequest,
    Delta,
    Extensions,
    Failure,
    File,
    Finish,
    Image,
    Logprobs,
    Part,
    PartEnd,
    PartStart,
    SSEFramer,
    Start,
    StreamEvent,
    Text,
    Thinking,
    TokenLogprob,
    ToolCall,
)
from turnout.core.framing import on_one_line
from turnout.providers import error_words
from turnout.providers.choices import PerChoice
from turnout.providers.frames import BodyReader, StreamReader, is_empty_event
from turnout.providers.half_pairs import lost
from turnout.providers.odd_values import Mark
from turnout.providers.tool_calls import CallIds, arguments_text
from turnout.providers.unreadable import decode_reply, unreadable
from turnout.providers.usage import UsageCount

from . import gemini_wire as wire
from .gemini_usage import searches_in
from .grounding import grounding_of
from .partial_args import PartialArgs

NAMESPACE = "gemini"
SIGNATURE = "thoughtSignature"
_REPLY = msgspec.json.Decoder(wire.Reply)
_LOGGED_BYTES = 200  # of an unreadable reply


def read_reply(data: bytes, mark: Mark = lost) -> wire.Reply:
    """Decodes one body or one event; raises ``UpstreamBroken`` with the beginning of unreadable bytes."""
    return decode_reply(_REPLY, data, "Gemini sent what isn't a reply of its API.", mark)


def failure_of(error: Any) -> Failure:
    """The event for an error in a reply of status 200."""
    return error_words.failure_of(error, wire.FORM)


class _Call:
    """An open tool call, whose arguments come in pieces."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.arguments = PartialArgs()


class _CandidateReader:
    """Turns the parts of one candidate into events of one choice. ``number`` is the candidate's index.

    ``searches``: the request lets Google search, so the places of what is cited are needed, and for them the text.
    """

    def __init__(self, number: int, ids: CallIds, *, searches: bool) -> None:
        self._number = number
        self._ids = ids
        self._next = 0  # the next part's index
        self._open: type[Text] | type[Thinking] | None = None  # the kind of the open part, which has the last index
        self._call: _Call | None = None
        self._called = False
        self._finished = False
        self._held: PartEnd | None = None  # of the last text, whose sources may still come
        self._texts: list[str] | None = [] if searches else None
        self._earlier = 0  # characters of the texts before the last one
        self._grounding = Raw()

    @property
    def has_answer(self) -> bool:
        return self._next > 0

    @property
    def in_call(self) -> bool:
        return self._call is not None

    def read(self, part: wire.Part, events: list[StreamEvent]) -> None:
        extensions = _extensions(part.thought_signature)
        if part.function_call is not None:
            self._read_call(part.function_call, extensions, events)
        elif part.inline_data is not None:
            self._add_whole(_media_part(part.inline_data, extensions), events)
        elif part.text is not None:
            self._add_text(Thinking if part.thought else Text, part.text, extensions, events)
        elif part.file_data is not None:
            file = part.file_data
            self._add_whole(File(file_id=file.file_uri, media_type=file.mime_type, extensions=extensions), events)
        elif block := _block(part):
            self._add_whole(Text("", {NAMESPACE: {"block": block}}), events)

    def ground(self, metadata: Raw) -> None:
        """Google repeats what it has told before."""
        self._grounding = metadata.copy()

    def finish(self, native: str, events: list[StreamEvent]) -> Finish | None:
        if self._grounding and not self._finished:
            self._end_grounded(events)
        self._end(events)
        if self._finished:
            return None
        self._finished = True
        return Finish(wire.finish_reason(native, self._called), native, self._number)

    def _add_text(
        self, kind: type[Text] | type[Thinking], text: str, extensions: Extensions, events: list[StreamEvent]
    ) -> None:
        """A signature belongs to the text just before it, and ends the part: later text must not be joined to it."""
        if not text and not extensions:
            return
        if self._open is not kind:
            self._end(events)
            self._open = kind
            if self._texts is not None and kind is Text:
                self._earlier = sum(map(len, self._texts))
            events.append(PartStart(self._new_index(), kind(text), self._number))
        elif text:
            events.append(Delta(self._next - 1, text, self._number))
        if self._texts is not None and kind is Text:
            self._texts.append(text)
        if extensions:
            self._open = None
            self._held = PartEnd(self._next - 1, self._number, extensions=extensions)
            if kind is not Text:
                self._end(events)

    def _read_call(self, call: wire.FunctionCall, extensions: Extensions, events: list[StreamEvent]) -> None:
        if call.name:
            self._end(events)
            self._called = True
            index = self._new_index()
            in_pieces = call.will_continue or call.partial_args
            arguments = "" if in_pieces else arguments_text(call.args)
            part = ToolCall(call.id or self._ids.make(), call.name, arguments, extensions)
            events.append(PartStart(index, part, self._number))
            if not in_pieces:
                events.append(PartEnd(index, self._number))
                return
            self._call = _Call(index)
        if self._call is None:
            return  # an empty part that ends a call after its end
        for piece in call.partial_args or ():
            self._call.arguments.add(piece)
        if not call.will_continue:
            self._end(events)

    def _add_whole(self, part: Part, events: list[StreamEvent]) -> None:
        """Adds a part that comes in one piece."""
        self._end(events)
        index = self._new_index()
        events += [PartStart(index, part, self._number), PartEnd(index, self._number)]

    def _new_index(self) -> int:
        self._next += 1
        return self._next - 1

    def _end(self, events: list[StreamEvent]) -> None:
        """Ends the open text or the open call, if there is one."""
        if self._held is not None:
            events.append(self._held)
            self._held = None
        elif self._open is not None:
            self._open = None
            events.append(PartEnd(self._next - 1, self._number))
        elif self._call is not None:
            index = self._call.index
            events += [Delta(index, self._call.arguments.text(), self._number), PartEnd(index, self._number)]
            self._call = None

    def _end_grounded(self, events: list[StreamEvent]) -> None:
        """Ends the last text with its sources, and adds the search that has found them."""
        searches, citations = grounding_of(self._grounding, "".join(self._texts or ()), self._earlier)
        if self._open is Text:
            self._open = None
            self._held = PartEnd(self._next - 1, self._number)
        if self._held is not None:
            self._held = msgspec.structs.replace(self._held, citations=citations)
        for search in searches:
            self._add_whole(search, events)


class _Reader:
    """Turns replies, one or many, into events."""

    def __init__(self, request: ChatRequest) -> None:
        ids = CallIds(request)
        self._started = False
        self._usage = UsageCount()
        self._searches = 0
        searches = bool(request.hosted)
        self._candidates = PerChoice(lambda number: _CandidateReader(number, ids, searches=searches))

    def read(self, reply: wire.Reply) -> list[StreamEvent]:
        if reply.error is not None:
            return [failure_of(reply.error)]
        events: list[StreamEvent] = []
        if not self._started:
            self._started = True
            events.append(Start(reply.response_id or "", reply.model_version or ""))
        finishes = [self._read_candidate(candidate, events) for candidate in reply.candidates or ()]
        if reply.usage_metadata is not None:
            usage = reply.usage_metadata.usage(self._searches)
            if usage and usage != self._usage.told:
                events.append(self._usage.add(usage))
        events += [finish for finish in finishes if finish]
        return events + blocked(reply) if reply.prompt_feedback is not None else events

    @property
    def in_call(self) -> bool:
        return any(reader.in_call for reader in self._candidates.values())

    def _read_candidate(self, candidate: wire.Candidate, events: list[StreamEvent]) -> Finish | None:
        reader = self._candidates[candidate.index]
        if candidate.logprobs_result is not None:
            events.append(_logprobs(candidate.logprobs_result, candidate.index))
        if candidate.content is not None:
            for part in candidate.content.parts or ():
                reader.read(part, events)
        if candidate.grounding_metadata:
            self._searches = max(self._searches, searches_in(candidate.grounding_metadata))
            reader.ground(candidate.grounding_metadata)
        native = candidate.finish_reason
        if not native or native in wire.NO_REASONS:
            return None
        return reader.finish(native, events)

    def end(self, events: list[StreamEvent]) -> None:
        """Finishes the candidates of a whole reply that have an answer and no finish."""
        for reader in self._candidates.values():
            finish = reader.finish("", events) if reader.has_answer else None
            if finish:
                events.append(finish)


def blocked(reply: wire.Reply) -> list[StreamEvent]:
    """The finish of an answer that never began, because Gemini blocked the prompt; empty for any other reply."""
    feedback = reply.prompt_feedback
    if reply.candidates or feedback is None or not feedback.block_reason:
        return []
    return [Finish("content_filter", feedback.block_reason)]


def _extensions(signature: Raw) -> Extensions:
    return {NAMESPACE: {SIGNATURE: signature.copy()}} if signature else None


def _media_part(blob: wire.Blob, extensions: Extensions) -> Image | Audio | File:
    kind, _, subtype = blob.mime_type.partition("/")
    if kind == "audio":
        return Audio(blob.data, subtype, extensions)
    if kind == "image":
        return Image(data=blob.data, media_type=blob.mime_type, extensions=extensions)
    return File(data=blob.data, media_type=blob.mime_type, extensions=extensions)


_BLOCKS = ("executable_code", "code_execution_result", "tool_call", "tool_response")


def _block(part: wire.Part) -> Raw | None:
    """The JSON of a part that the core has no part for."""
    return Raw(on_one_line(msgspec.json.encode(part))) if any(getattr(part, name) for name in _BLOCKS) else None


def _logprobs(result: wire.LogprobsResult, choice: int) -> Logprobs:
    top = [tuple(map(_token, place.candidates or ())) for place in result.top_candidates or ()]
    chosen = result.chosen_candidates or ()
    top += [()] * (len(chosen) - len(top))
    tokens = [
        TokenLogprob(candidate.token, candidate.log_probability, alternatives)
        for candidate, alternatives in zip(chosen, top, strict=False)
    ]
    return Logprobs(tuple(tokens), choice)


def _token(candidate: wire.TokenCandidate) -> TokenLogprob:
    return TokenLogprob(candidate.token, candidate.log_probability)


class Frames:
    """Gives the data of each server-sent event. Raises ``UpstreamBroken`` for a reply without any event."""

    def __init__(self) -> None:
        self._framer = SSEFramer()
        self._head = b""
        self._has_events = False

    def feed(self, data: bytes) -> list[bytes]:
        events = self._framer.feed(data)
        if not self._has_events:
            self._has_events = bool(events)
            self._head = (self._head + data)[:_LOGGED_BYTES]
        return [data for _, data in events if data.startswith(b"{") or not is_empty_event(data)]

    def close(self) -> list[bytes]:
        events = self._framer.close()
        if not self._has_events and not events and self._head.strip():
            raise unreadable("Gemini sent what isn't an event stream.", self._head)
        return [data for _, data in events if data.startswith(b"{") or not is_empty_event(data)]


class StreamDecoder(StreamReader[bytes]):
    """A ``text/event-stream`` of replies."""

    def __init__(self, request: ChatRequest) -> None:
        super().__init__(Frames())
        self._reader = _Reader(request)

    def _read_frame(self, frame: bytes, events: list[StreamEvent]) -> None:
        events += self._reader.read(read_reply(frame, self._mark))

    def _can_spare_a_frame(self) -> bool:
        return not self._reader.in_call


class BodyDecoder(BodyReader):
    """One whole reply."""

    def __init__(self, request: ChatRequest) -> None:
        super().__init__()
        self._reader = _Reader(request)

    def _read_body(self, data: bytes) -> list[StreamEvent]:
        reply = read_body(data)
        events = self._reader.read(reply)
        if reply.error is None:
            self._reader.end(events)
        return events


def read_body(data: bytes) -> wire.Reply:
    """Decodes a whole body; raises ``UpstreamBroken`` for one without an answer and without an error."""
    reply = read_reply(data)
    if not reply.candidates and not reply.error and not blocked(reply):
        raise unreadable("Gemini's reply has no candidates.", data)
    return reply
