"""A reply passed on as it came, with a light look for what the ledger needs: finish, usage, errors.

Every event is decoded into the few fields that matter, which takes less time than searching it for words, and finds an
event that isn't JSON before a client's SDK does.
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
from .decode import NOT_A_COMPLETION, failure_of, finish_of, says_nothing


class _Choice(msgspec.Struct):
    index: int = 0
    delta: dict[str, Raw] | None = None
    text: str | None = None  # in place of a delta, where it is no chat
    finish_reason: str | None = None


class _Reply(msgspec.Struct):
    """Of a body or a chunk, what is looked at. The rest may have any form: the client knows it."""

    choices: list[_Choice] | None = None
    usage: Raw = Raw()
    error: wire.ErrorFields | str | None = None


_REPLY = msgspec.json.Decoder(_Reply)
_NOTHING = frozenset({b"null", b'""', b"[]", b"{}"})


class StreamRelay(EventStreamRelay):
    """Passes whole events on. ``show_usage`` False takes out the usage that only Turnout asked for."""

    def __init__(self, show_usage: bool) -> None:
        super().__init__()
        self._show_usage = show_usage
        self._content_seen = False  # from the first piece on, every chunk counts as content
        self._finished: set[int] = set()

    def _read_frame(self, frame: bytes, events: list[StreamEvent]) -> None:
        data = payload_of(frame)
        if says_nothing(data):
            events.append(Relayed(frame, False))
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
        if choices or self._show_usage or not _counted(reply):
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
            each.index: finish_of(each.finish_reason, each.index) for each in reply.choices if each.finish_reason
        }
        events += finishes.values()
        return events + _usage(reply)


def _blank_lines_before(frame: bytes) -> bytes:
    return frame[: len(frame) - len(frame.lstrip(b"\r\n"))]


def _usage(reply: _Reply) -> list[StreamEvent]:
    usage = wire.usage_of(reply.usage)
    return [UsageSoFar(usage)] if usage else []


def _counted(reply: _Reply) -> bool:
    return bytes(reply.usage) not in (b"", b"null")


def _has_content(delta: dict[str, Raw] | None) -> bool:
    """Is there more than the role? What exactly may be a vendor's own."""
    return any(name != "role" and bytes(value) not in _NOTHING for name, value in (delta or {}).items())
