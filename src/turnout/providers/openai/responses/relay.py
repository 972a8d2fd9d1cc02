"""A reply passed on as it came, with a light look for what the ledger needs: finish, usage, errors."""

from __future__ import annotations

import msgspec

from turnout.core import Relayed, StreamEvent, UsageSoFar
from turnout.core.framing import EventCutter, events_of, payload_of
from turnout.errors import ReplyTooLarge, UpstreamBroken
from turnout.providers.frames import BodyReader, FrameReader
from turnout.providers.unreadable import unreadable

from . import responses_wire as wire


class _Event(wire.ErrorFields):
    """An event. Those that end the stream hold the response; an ``error`` has its fields here, or under its name."""

    response: wire.Response | None = None
    error: wire.ErrorFields | str | None = None


_EVENT = msgspec.json.Decoder(_Event)
_BODY = msgspec.json.Decoder(wire.Response)
_ENDS = frozenset({"response.completed", "response.incomplete"})
_MOST_AFTER = 64 * 1024
"""Bytes after the end: whoever keeps the response holds them back with it."""

_ITEM_DONE = "response.output_item.done"  # of items without deltas, such as a search


class StreamRelay(FrameReader[bytes]):
    """Passes whole events on; an error is told by whoever reads this."""

    def __init__(self) -> None:
        self._cutter = EventCutter()
        self._ended = False
        self._after = 0  # bytes that came after the end

    def feed(self, data: bytes) -> list[StreamEvent]:
        if self._ended:
            self._after += len(data)
            if self._after > _MOST_AFTER:
                raise ReplyTooLarge("The provider's stream goes on after its end.")
        whole = self._cutter.feed(data)
        return self._read_all(events_of(whole)) if whole else []

    def close(self) -> list[StreamEvent]:
        """A last event without its blank line is only whole if it can be read."""
        left = self._cutter.close().rstrip() + b"\n\n"
        return self._read_all([left] if payload_of(left) else [])

    def _read_frame(self, frame: bytes, events: list[StreamEvent]) -> None:
        data = payload_of(frame)
        if data[:1] != b"{" and data.strip() in (b"", b"[DONE]"):
            events.append(Relayed(frame, False))
            return
        event = _read(data)
        if event is None:
            events.append(Relayed(frame))
            return
        kind, response = event.type or "", event.response
        if kind == "error" or event.error is not None:
            events.append(wire.failure_of(event.error if event.error is not None else event))
        elif kind == "response.failed":
            events.append(wire.failure_of(response.error if response else None))
        else:
            events.append(Relayed(frame, kind.endswith(".delta") or kind == _ITEM_DONE or kind in _ENDS))
            if response is not None and kind in _ENDS and not self._ended:
                self._ended = True
                events += _ending(response)


class BodyRelay(BodyReader):
    """Passes a whole body on."""

    def _read_body(self, data: bytes) -> list[StreamEvent]:
        try:
            response = _BODY.decode(data)
        except msgspec.ValidationError:
            return [Relayed(data)]
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise not_a_response(data, error) from error
        if response.error is not None or response.status == "failed":
            return [wire.failure_of(response.error)]
        return [Relayed(data), *_ending(response)]


def _ending(response: wire.Response) -> list[StreamEvent]:
    usage, finish = wire.usage_of(response.usage), response.finish()
    events: list[StreamEvent] = [UsageSoFar(usage)] if usage else []
    return [*events, finish] if finish else events


def _read(data: bytes) -> _Event | None:
    """None for JSON of an unknown form. Raises ``UpstreamBroken`` for what isn't JSON."""
    try:
        return _EVENT.decode(data)
    except msgspec.ValidationError:
        return None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise not_a_response(data, error) from error


def not_a_response(data: bytes, error: Exception | str) -> UpstreamBroken:
    return unreadable("The provider sent what isn't a response.", data, error)
