"""A reply passed on as it came, with a light scan for what the ledger needs.

An event is only decoded when it may hold a finish reason, usage or an error, and until the first piece of content has
been seen. Quotes inside JSON strings are escaped, so the searched names can't be found in a model's own words.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw

from turnout.core import Relayed, SSEFramer, StreamEvent, UsageSoFar
from turnout.core.framing import EventCutter, events_of
from turnout.errors import UpstreamBroken
from turnout.providers.frames import FrameReader

from . import wire
from .decode import failure_of, finish_of, not_a_completion, says_nothing


class _Choice(msgspec.Struct):
    index: int = 0
    delta: dict[str, Raw] | None = None
    finish_reason: str | None = None


class _Reply(msgspec.Struct):
    """Of a body or a chunk, what is looked at. The rest may have any form: the client knows it."""

    choices: list[_Choice] | None = None
    usage: Raw = Raw()
    error: wire.ErrorFields | str | None = None


_REPLY = msgspec.json.Decoder(_Reply)
_NOTHING = frozenset({b"null", b'""', b"[]", b"{}"})


class StreamRelay(FrameReader[bytes]):
    """Passes whole events on. ``show_usage`` False takes out the usage that only Turnout asked for."""

    def __init__(self, show_usage: bool) -> None:
        self._show_usage = show_usage
        self._cutter = EventCutter()
        self._content_seen = False
        self._finished: set[int] = set()

    def feed(self, data: bytes) -> list[StreamEvent]:
        data = self._cutter.feed(data)
        if self._content_seen and self._broken is None and not _may_matter(data):
            return [Relayed(data)] if data else []
        return self._read_all(events_of(data))

    def close(self) -> list[StreamEvent]:
        """A last event without its blank line is only whole if it can be read."""
        left = self._cutter.close().rstrip() + b"\n\n"
        return self._read_all([left] if SSEFramer().feed(left) else [])

    def _read_frame(self, frame: bytes, events: list[StreamEvent]) -> None:
        if self._content_seen and not _may_matter(frame):
            events.append(Relayed(frame))
            return
        found: list[StreamEvent] = []
        content, shown = False, True
        for _, data in SSEFramer().feed(frame):
            if says_nothing(data):
                continue
            reply = _read(data)
            if reply is None:
                content = True
                continue
            if reply.error is not None:
                events.append(failure_of(reply.error))
                return
            content = content or any(_has_content(choice.delta) for choice in reply.choices or ())
            shown = self._show_usage or bool(reply.choices) or not _counted(reply)
            found += self._found(reply)
        self._content_seen = self._content_seen or content
        passed = frame if shown else frame[: len(frame) - len(frame.lstrip(b"\r\n"))]
        events += [Relayed(passed, content)] if passed else []
        events += found

    def _found(self, reply: _Reply) -> list[StreamEvent]:
        events: list[StreamEvent] = []
        for choice in reply.choices or ():
            if choice.finish_reason and choice.index not in self._finished:
                self._finished.add(choice.index)
                events.append(finish_of(choice.finish_reason, choice.index))
        return events + _usage(reply)


class BodyRelay:
    """Passes a whole body on."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def feed(self, data: bytes) -> list[StreamEvent]:
        self._pieces.append(data)
        return []

    def close(self) -> list[StreamEvent]:
        body = b"".join(self._pieces)
        reply = _read(body)
        if reply is None:
            return [Relayed(body)]
        if reply.error is not None:
            return [failure_of(reply.error)]
        if not reply.choices:
            raise UpstreamBroken("The provider's reply has no choices.")
        events: list[StreamEvent] = [Relayed(body)]
        events += [finish_of(choice.finish_reason, choice.index) for choice in reply.choices if choice.finish_reason]
        return events + _usage(reply)


def _read(data: bytes) -> _Reply | None:
    """None for JSON of an unknown form. Raises ``UpstreamBroken`` for what isn't JSON."""
    try:
        return _REPLY.decode(data)
    except msgspec.ValidationError:
        return None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise not_a_completion(data, error) from error


def _usage(reply: _Reply) -> list[StreamEvent]:
    usage = wire.usage_of(reply.usage)
    return [UsageSoFar(usage)] if usage else []


def _counted(reply: _Reply) -> bool:
    return bytes(reply.usage) not in (b"", b"null")


def _has_content(delta: dict[str, Raw] | None) -> bool:
    """Is there more than the role? What exactly may be a vendor's own."""
    return any(name != "role" and bytes(value) not in _NOTHING for name, value in (delta or {}).items())


def _may_matter(data: bytes) -> bool:
    return b'"error"' in data or _says(data, b'"finish_reason"') or _says(data, b'"usage"')


def _says(data: bytes, field: bytes) -> bool:
    """Is there such a field that isn't null? Most vendors send these two with every chunk."""
    at = data.find(field)
    while at >= 0:
        at += len(field)
        if b"null" not in data[at : at + 7]:
            return True
        at = data.find(field, at)
    return False
