"""Passes a reply on unchanged, and reads the fields that the ledger needs: finish, usage, errors.

Every event is decoded into those few fields. This takes less time than a search for words, and finds an event that
isn't JSON before a client's SDK does.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw

from turnout.core import Relayed, StreamEvent, UsageSoFar
from turnout.core.framing import payload_of
from turnout.errors import UpstreamBroken
from turnout.providers.frames import BodyReader
from turnout.providers.openai.event_stream import EventStreamRelay
from turnout.providers.unreadable import decode_if_known

from . import chat_wire as wire
from .decode import DONE, NOT_A_COMPLETION, failure_of, finish_of, is_empty_event


class _Choice(msgspec.Struct):
    index: int = 0
    delta: dict[str, Raw] | None = None
    text: str | None = None  # in place of a delta in a reply that is no chat
    finish_reason: str | None = None


class _Reply(msgspec.Struct):
    """The fields that are read of a body or a chunk. The others may have any form."""

    choices: list[_Choice] | None = None
    usage: Raw = Raw()
    error: wire.ErrorFields | str | None = None


_REPLY = msgspec.json.Decoder(_Reply)
_EMPTY_VALUES = frozenset({b"null", b'""', b"[]", b"{}"})


class StreamRelay(EventStreamRelay):
    """Passes whole events on. Without ``show_usage`` it removes the usage that only Turnout asked for."""

    def __init__(self, show_usage: bool) -> None:
        super().__init__()
        self._show_usage = show_usage
        self._content_seen = False  # after the first piece, every chunk counts as content
        self._finished: set[int] = set()

    def _read_frame(self, frame: bytes, events: list[StreamEvent]) -> None:
        data = payload_of(frame)
        if is_empty_event(data):
            events.append(Relayed(frame, False))
            if data.strip() and self._content_seen and not self._finished:
                events.append(finish_of(DONE, 0))
            return
        reply = decode_if_known(_REPLY, data, NOT_A_COMPLETION)
        if reply is None:
            events.append(Relayed(frame))
            return
        if reply.error is not None:
            events.append(failure_of(reply.error))
            return
        choices = reply.choices
        if not self._content_seen and choices:
            self._content_seen = any(choice.text or _has_content(choice.delta) for choice in choices)
        if choices or self._show_usage or not _has_usage(reply):
            events.append(Relayed(frame, self._content_seen))
        else:
            events.append(Relayed(_blank_lines_before(frame), False))
        if choices:
            self._find_finishes(choices, events)
        if reply.usage:
            events += _usage(reply)

    def _find_finishes(self, choices: list[_Choice], events: list[StreamEvent]) -> None:
        for choice in choices:
            if choice.finish_reason and choice.index not in self._finished:
                self._finished.add(choice.index)
                events.append(finish_of(choice.finish_reason, choice.index))


class BodyRelay(BodyReader):
    """Passes a whole body on."""

    def _read_body(self, data: bytes) -> list[StreamEvent]:
        reply = decode_if_known(_REPLY, data, NOT_A_COMPLETION)
        if reply is None:
            return [Relayed(data)]
        if reply.error is not None:
            return [failure_of(reply.error)]
        if not reply.choices:
            raise UpstreamBroken("The provider's reply has no choices.")
        events: list[StreamEvent] = [Relayed(data)]
        finishes = {
            choice.index: finish_of(choice.finish_reason, choice.index)
            for choice in reply.choices
            if choice.finish_reason
        }
        events += finishes.values()
        return events + _usage(reply)


def _blank_lines_before(frame: bytes) -> bytes:
    return frame[: len(frame) - len(frame.lstrip(b"\r\n"))]


def _usage(reply: _Reply) -> list[StreamEvent]:
    usage = wire.usage_of(reply.usage)
    return [UsageSoFar(usage)] if usage else []


def _has_usage(reply: _Reply) -> bool:
    return bytes(reply.usage) not in (b"", b"null")


def _has_content(delta: dict[str, Raw] | None) -> bool:
    """Whether there is more than the role. It may be in a vendor's own field."""
    return any(name != "role" and bytes(value) not in _EMPTY_VALUES for name, value in (delta or {}).items())
