"""Passes a reply on unchanged, and reads the fields that the ledger needs: finish, usage, errors."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from turnout.core import Relayed, StreamEvent, UsageSoFar
from turnout.core.framing import payload_of
from turnout.errors import ReplyTooLarge, UpstreamBroken
from turnout.providers.error_words import failure_in
from turnout.providers.frames import BodyReader, is_empty_event
from turnout.providers.openai.chat.decode import FORM
from turnout.providers.openai.event_stream import EventStreamRelay
from turnout.providers.unreadable import decode_if_known, read_object

from . import responses_wire as wire
from .beginning import begins
from .responses_usage import usage_of


class _Event(msgspec.Struct):
    """An event. The events that end the stream hold the response."""

    type: str | None = None
    response: wire.Response | None = None
    error: Any = None


class _Body(wire.Response):
    output: Raw = wire.NOTHING


_EVENT = msgspec.json.Decoder(_Event)
_BODY = msgspec.json.Decoder(_Body)
_NOT_A_RESPONSE = "The provider sent what isn't a response."
_ENDS = frozenset({"response.completed", "response.incomplete"})
_MOST_BYTES_AFTER_END = 64 * 1024
"""Bytes after the end, which are held back with the response while it is kept."""

_ITEM_DONE = "response.output_item.done"  # for items without deltas, such as a search


class StreamRelay(EventStreamRelay):
    """Passes whole events on. Of an error only the failure is given."""

    def __init__(self) -> None:
        super().__init__()
        self._begun = False
        self._ended = False
        self._bytes_after_end = 0

    def feed(self, data: bytes) -> list[StreamEvent]:
        if self._ended:
            self._bytes_after_end += len(data)
            if self._bytes_after_end > _MOST_BYTES_AFTER_END:
                raise ReplyTooLarge("The provider's stream goes on after its end.")
        return super().feed(data)

    def _can_spare_a_frame(self) -> bool:
        """Not before the answer begins: nothing else opens the response and its first item."""
        return self._begun

    def _read_frame(self, frame: bytes, events: list[StreamEvent]) -> None:
        data = payload_of(frame)
        if is_empty_event(data):
            events.append(Relayed(frame, False))
            return
        event = decode_if_known(_EVENT, data, _NOT_A_RESPONSE)
        if event is None:
            failure = failure_in(data, FORM)
            if failure is None:
                read_object(data, _NOT_A_RESPONSE)
            events.append(failure or Relayed(frame))
            return
        kind, response = event.type or "", event.response
        if kind == "error" or event.error is not None:
            events.append(wire.failure_of(event.error if event.error is not None else _flat_error(data)))
        elif kind == "response.failed":
            events.append(wire.failure_of(response.error if response else None, frame))
        else:
            content = kind.endswith(".delta") or kind == _ITEM_DONE or kind in _ENDS
            if not self._begun:
                self._begun = content = begins(kind, data)
            events.append(Relayed(frame, content))
            if response is not None and kind in _ENDS and not self._ended:
                self._ended = True
                events += _ending(response, kind.removeprefix("response."))


class BodyRelay(BodyReader):
    """Passes a whole body on."""

    def _read_body(self, data: bytes) -> list[StreamEvent]:
        response = decode_if_known(_BODY, data, _NOT_A_RESPONSE)
        if response is None:
            return [failure_in(data, FORM) or Relayed(data)]
        if response.error is not None or response.status == "failed":
            return [wire.failure_of(response.error)]
        if response.status is None and not response.output:
            raise UpstreamBroken("The provider's reply has no output.")
        ending = _ending(response, "completed")
        return [(None if ending else failure_in(data, FORM)) or Relayed(data), *ending]


def _flat_error(data: bytes) -> Any:
    """The fields of an event ``error``, which has them beside its type, without those of the stream."""
    fields: dict[str, Any] = msgspec.json.decode(data)
    return {name: value for name, value in fields.items() if name != "sequence_number" and value != "error"}


def _ending(response: wire.Response, status: str) -> list[StreamEvent]:
    """``status`` is that of a response which doesn't tell its own."""
    usage, finish = usage_of(response), response.finish(status)
    events: list[StreamEvent] = [UsageSoFar(usage)] if usage else []
    return [*events, finish] if finish else events
