"""Passes a reply on unchanged, and reads what the ledger needs from it. Decoding an event takes under a microsecond."""

from __future__ import annotations

from operator import attrgetter

from turnout.core import Finish, Relayed, StreamEvent
from turnout.providers.frames import BodyReader, StreamReader
from turnout.providers.usage import UsageCount

from . import gemini_wire as wire
from .decode import Frames, blocked, failure_of, read_body, read_reply
from .gemini_usage import searches_in

_content = attrgetter("content")


class _Scanner:
    """Reads usage and finishes from one reply or from a stream of them."""

    def __init__(self) -> None:
        self._usage = UsageCount()
        self._searches = 0
        self._called: set[int] = set()
        self._finished: set[int] = set()
        self._begun = False

    def scan(self, reply: wire.Reply, data: bytes) -> list[StreamEvent]:
        """``data`` are the bytes to pass on. An error is not passed on: the dialect writes its own."""
        if reply.error is not None:
            return [failure_of(reply.error)]
        content = any(map(_content, reply.candidates or ()))
        if content and not self._begun:
            self._begun = content = any(map(_says_something, reply.candidates or ()))
        events: list[StreamEvent] = [Relayed(data, content)]
        for candidate in reply.candidates or ():
            if candidate.grounding_metadata:
                self._searches = max(self._searches, searches_in(candidate.grounding_metadata))
        if reply.usage_metadata is not None:
            usage = reply.usage_metadata.usage(self._searches)
            if usage and usage != self._usage.told:
                events.append(self._usage.add(usage))
        for candidate in reply.candidates or ():
            self._scan_candidate(candidate, events)
        return events + blocked(reply) if reply.prompt_feedback is not None else events

    def end(self, reply: wire.Reply) -> list[StreamEvent]:
        """The finishes of the candidates of a whole reply that have an answer and no finish."""
        events: list[StreamEvent] = []
        for candidate in reply.candidates or ():
            if candidate.content and candidate.content.parts and candidate.index not in self._finished:
                reason = wire.finish_reason("", candidate.index in self._called)
                events.append(Finish(reason, "", candidate.index))
        return events

    def _scan_candidate(self, candidate: wire.Candidate, events: list[StreamEvent]) -> None:
        number, native = candidate.index, candidate.finish_reason
        if candidate.content is not None:
            for part in candidate.content.parts or ():
                if part.function_call is not None:
                    self._called.add(number)
        if native and native not in wire.NO_REASONS and number not in self._finished:
            self._finished.add(number)
            events.append(Finish(wire.finish_reason(native, number in self._called), native, number))


def _says_something(candidate: wire.Candidate) -> bool:
    """Whether there is more than an empty text."""
    parts = candidate.content.parts if candidate.content else None
    return any(part.text or part != wire.Part(text=part.text, thought=part.thought) for part in parts or ())


class StreamRelay(StreamReader[bytes]):
    """Passes server-sent events on. The bytes of their data stay; the frame around them is written anew."""

    def __init__(self) -> None:
        super().__init__(Frames())
        self._scanner = _Scanner()

    def _read_frame(self, frame: bytes, events: list[StreamEvent]) -> None:
        lines = frame.replace(b"\n", b"\ndata: ") if b"\n" in frame else frame
        events += self._scanner.scan(read_reply(frame), b"data: %b\n\n" % lines)


class BodyRelay(BodyReader):
    """Passes a whole body on."""

    def _read_body(self, data: bytes) -> list[StreamEvent]:
        reply, scanner = read_body(data), _Scanner()
        events = scanner.scan(reply, data)
        return events if reply.error is not None else events + scanner.end(reply)
