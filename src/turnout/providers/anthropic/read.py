"""What a decoder and a relay both look for in a reply: usage, finish, failure."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from turnout.core import Failure, Finish, StreamEvent, UsageSoFar
from turnout.errors import UpstreamBroken
from turnout.providers.unreadable import unreadable

from . import anthropic_wire as wire

T = TypeVar("T")


def read(decoder: msgspec.json.Decoder[T], data: bytes) -> T:
    """Raises ``UpstreamBroken`` with the beginning of what can't be read."""
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise unreadable("The provider sent what isn't an Anthropic message.", data, error) from error


def failure_of(error: wire.ErrorFields) -> Failure:
    """An error that came where an answer should be."""
    status = wire.STATUSES.get(error.type or "", 502)
    return Failure(error.message or "The provider reported an error.", error.type, status)


def finish_of(stop: wire.Message | wire.Piece) -> Finish | None:
    reason = stop.stop_reason
    if reason is None:
        return None
    return Finish(wire.REASONS.get(reason, "other"), reason, stop_sequence=stop.stop_sequence)


class Progress:
    """How far a stream's message has come."""

    def __init__(self) -> None:
        self._message: str | None = None
        self._usage: wire.UsageFields | None = None
        self.done = False

    def begins(self, message: wire.Message) -> bool:
        """Is it the first time? Some gateways repeat the beginning; one that begins another message has lost the
        first and asked again, so that neither is whole.
        """
        if self._message is None:
            self._message = message.id
            return True
        if self._message != message.id:
            raise UpstreamBroken("The provider began another message before the first one was complete.")
        return False

    def counted(self, usage: wire.UsageFields | None) -> list[StreamEvent]:
        if usage is None:
            return []
        self._usage = wire.merged(self._usage, usage)
        return [UsageSoFar(wire.usage_of(self._usage))]

    def stopped(self, stop: wire.Message | wire.Piece | None) -> Finish | None:
        """The finish, the first time that it is said."""
        finish = finish_of(stop) if stop is not None and not self.done else None
        self.done = self.done or finish is not None
        return finish
