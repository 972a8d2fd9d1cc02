"""Passes a reply on unchanged, and reads the fields that the ledger needs: finish, usage, errors.

Every event is decoded into those few fields. This takes less time than a search for words, and finds an event that
isn't JSON before a client's SDK does.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from turnout.core import Relayed, StreamEvent, UsageSoFar
from turnout.core.framing import payload_of
from turnout.errors import UpstreamBroken
from turnout.providers.error_words import failure_in
from turnout.providers.frames import BodyReader, is_empty_event
from turnout.providers.openai.event_stream import EventStreamRelay
from turnout.providers.saying import says_something
from turnout.providers.unreadable import decode_if_known, read_object
from turnout.providers.usage import UsageCount

from . import chat_wire as wire
from .chat_usage import usage_of
from .decode import DONE, FORM, NOT_A_COMPLETION, WHOLE, failure_of, finish_of


class _Choice(msgspec.Struct):
    index: int = wire.NOT_NUMBERED
    delta: dict[str, Raw] | None = None
    message: dict[str, Raw] | None = None
    text: str | None = None  # in place of a delta in a reply that is no chat
    finish_reason: str | None = None
    usage: Raw = wire.NOTHING


class _Reply(msgspec.Struct):
    """The fields that are read of a body or a chunk. The others may have any form."""

    choices: list[_Choice] | None = None
    usage: Raw = wire.NOTHING
    error: Any = None


_REPLY = msgspec.json.Decoder(_Reply)
_NO_CALLS = frozenset({b"null", b"[]", b"{}", b'""'})


class StreamRelay(EventStreamRelay):
    """Passes whole events on. Without ``show_usage`` it removes the usage that only Turnout asked for."""

    def __init__(self, show_usage: bool) -> None:
        super().__init__()
        self._show_usage = show_usage
        self._content_seen = False  # after the first piece, every chunk counts as content
        self._usage = UsageCount()
        self._called: set[int] = set()
        self._finished: set[int] = set()

    def _read_frame(self, frame: bytes, events: list[StreamEvent]) -> None:
        data = payload_of(frame)
        if not data.startswith(b"{") and is_empty_event(data):
            events.append(Relayed(frame, False))
            if data.strip() == b"[DONE]" and self._content_seen and not self._finished:
                self._finished.add(0)
                events.append(finish_of(DONE, 0, calls=bool(self._called)))
            return
        reply = decode_if_known(_REPLY, data, NOT_A_COMPLETION)
        if reply is None:
            self._pass_on_unknown(frame, data, events)
            return
        if reply.error is not None:
            events.append(failure_of(reply.error))
            return
        choices = reply.choices
        if not self._content_seen and choices:
            self._content_seen = any(map(_says_something, choices))
        if choices or self._show_usage or not _has_usage(reply):
            events.append(Relayed(frame, self._content_seen))
        else:
            events.append(Relayed(_blank_lines_before(frame), False))
        if choices:
            self._find_facts(choices, data, events)
        if reply.usage:
            self._count(reply.usage, data, events)

    def _can_spare_a_frame(self) -> bool:
        return not self._called

    def _pass_on_unknown(self, frame: bytes, data: bytes, events: list[StreamEvent]) -> None:
        """A vendor's own event may have any form, and may be an error."""
        failure = failure_in(data, FORM)
        if failure is None:
            read_object(data, NOT_A_COMPLETION)
        events.append(failure or Relayed(frame))

    def _find_facts(self, choices: list[_Choice], data: bytes, events: list[StreamEvent]) -> None:
        for choice in choices:
            number = choice.index
            if number < 0:
                number = wire.place_of(choice, choices)
            piece = choice.delta or choice.message
            if piece and "tool_calls" in piece and number not in self._called and _has_calls(piece):
                self._called.add(number)
            reason = choice.finish_reason
            if reason and number not in self._finished and reason not in wire.NO_REASONS:
                self._finished.add(number)
                events.append(finish_of(reason, number, calls=number in self._called))
            if choice.usage:
                self._count(choice.usage, data, events)

    def _count(self, raw: Raw, data: bytes, events: list[StreamEvent]) -> None:
        usage = usage_of(raw, data)
        if usage:
            events.append(self._usage.add(usage))


class BodyRelay(BodyReader):
    """Passes a whole body on."""

    def _read_body(self, data: bytes) -> list[StreamEvent]:
        reply = decode_if_known(_REPLY, data, NOT_A_COMPLETION)
        if reply is None:
            return [failure_in(data, FORM) or Relayed(data)]
        if reply.error is not None:
            return [failure_of(reply.error)]
        if not reply.choices:
            raise UpstreamBroken("The provider's reply has no choices.")
        finishes = {}
        for place, choice in enumerate(reply.choices):
            number = choice.index if choice.index >= 0 else place
            reason = choice.finish_reason
            if reason and reason not in wire.NO_REASONS:
                finishes[number] = finish_of(reason, number, calls=_has_calls(choice.message))
            elif _says_something(choice):
                finishes[number] = finish_of(WHOLE, number, calls=_has_calls(choice.message))
        events: list[StreamEvent] = [Relayed(data), *finishes.values()]
        for choice in reply.choices:
            if choice.usage:
                events += _usage(choice.usage, data)
        return events + _usage(reply.usage, data)


def _usage(raw: Raw, data: bytes) -> list[StreamEvent]:
    usage = usage_of(raw, data)
    return [UsageSoFar(usage)] if usage else []


def _blank_lines_before(frame: bytes) -> bytes:
    return frame[: len(frame) - len(frame.lstrip(b"\r\n"))]


def _has_usage(reply: _Reply) -> bool:
    return bytes(reply.usage) not in (b"", b"null")


def _says_something(choice: _Choice) -> bool:
    return bool(choice.text) or _has_content(choice.delta) or _has_content(choice.message)


def _has_content(piece: dict[str, Raw] | None) -> bool:
    """Whether there is more than the role. It may be in a vendor's own field."""
    return any(name != "role" and says_something(value) for name, value in (piece or {}).items())


def _has_calls(piece: dict[str, Raw] | None) -> bool:
    return piece is not None and "tool_calls" in piece and bytes(piece["tool_calls"]) not in _NO_CALLS
