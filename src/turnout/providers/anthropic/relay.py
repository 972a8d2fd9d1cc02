"""Passes a reply on as it is, and looks only for what the ledger needs."""

from __future__ import annotations

import msgspec

from turnout.core import Relayed, SSEFramer, StreamEvent, UsageSoFar
from turnout.core.framing import EventCutter, events_of, payload_of
from turnout.errors import UpstreamBroken
from turnout.providers.frames import BodyReader

from . import anthropic_wire as wire
from .read import Progress, failure_of, finish_of, read

_EVENT = msgspec.json.Decoder(wire.Event)
_ANY = msgspec.json.Decoder(msgspec.Raw)  # is it JSON at all? Before a client's SDK finds that it isn't
_BODY = msgspec.json.Decoder(wire.Body)
_CONTENT = b"content_block_delta"


class StreamRelay:
    """Passes on whole events. One that reports an error isn't: the dialect says it in its own words."""

    def __init__(self) -> None:
        self._cutter = EventCutter()
        self._progress = Progress()
        self._over = False  # an error was reported, or found: nothing after it is passed on
        self._broken: UpstreamBroken | None = None

    def feed(self, data: bytes) -> list[StreamEvent]:
        whole = self._cutter.feed(data)
        return self._scan(whole) if whole else []

    def close(self) -> list[StreamEvent]:
        """A last event without its blank line is only whole if it can be read."""
        if self._broken:
            raise self._broken.afresh()
        held = self._cutter.close().strip()
        events: list[StreamEvent] = []
        if held and not self._over:
            self._read_frame(held + b"\n\n", events)
        return events

    def _scan(self, data: bytes) -> list[StreamEvent]:
        if self._broken:
            raise self._broken.afresh()
        events: list[StreamEvent] = []
        try:
            for frame in events_of(data):
                if self._over:
                    break
                if _may_matter(frame):
                    self._read_frame(frame, events)
                else:
                    read(_ANY, payload_of(frame) or b"null")
                    events.append(Relayed(frame, _CONTENT in frame))
        except UpstreamBroken as error:
            if not events:
                raise
            self._over, self._broken = True, error.afresh()
        return events

    def _read_frame(self, frame: bytes, events: list[StreamEvent]) -> None:
        found: list[StreamEvent] = []
        content = False
        for _, data in SSEFramer().feed(frame):
            if data == b"[DONE]":
                continue
            event = read(_EVENT, data)
            if event.error is not None:
                self._over = True
                events.append(failure_of(event.error))
                return
            content = content or event.type == "content_block_delta" or bool(event.message and event.message.content)
            found += self._found(event)
        events += [Relayed(frame, content), *found]

    def _found(self, event: wire.Event) -> list[StreamEvent]:
        if event.type == "message_delta":
            return self._counted(event.usage, event.delta)
        message = event.message if event.type == "message_start" and not self._progress.done else None
        if message is not None and self._progress.begins(message):
            return self._counted(message.usage, message)
        return []

    def _counted(self, usage: wire.UsageFields | None, stop: wire.Message | wire.Piece | None) -> list[StreamEvent]:
        finish = self._progress.stopped(stop)
        return self._progress.counted(usage) + ([finish] if finish else [])


class BodyRelay(BodyReader):
    """Passes a whole body on."""

    def _read_body(self, data: bytes) -> list[StreamEvent]:
        body = read(_BODY, data)
        if body.error is not None:
            return [failure_of(body.error)]
        finish = finish_of(body)
        if finish is None:
            raise UpstreamBroken("The provider's reply has no stop_reason: it isn't a whole Anthropic message.")
        counted = [UsageSoFar(wire.usage_of(body.usage))] if body.usage is not None else []
        return [Relayed(data), *counted, finish]


def _may_matter(data: bytes) -> bool:
    """The quote before the word is none that a text within the event could have: there, it is escaped."""
    return b'"message_' in data or b'"error"' in data
