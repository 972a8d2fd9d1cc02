"""Reads usage, finish and failure from a reply, for the decoders and the relays."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from turnout.core import Failure, Finish, StreamEvent, UsageSoFar
from turnout.errors import UpstreamBroken
from turnout.providers.unreadable import decode_reply

from . import anthropic_wire as wire

T = TypeVar("T")


def read(decoder: msgspec.json.Decoder[T], data: bytes) -> T:
    """Decodes ``data``; raises ``UpstreamBroken`` with the beginning of unreadable bytes."""
    return decode_reply(decoder, data, "The provider sent what isn't an Anthropic message.")


def failure_of(error: wire.ErrorFields) -> Failure:
    """The event for an error in a reply of status 200."""
    status = wire.STATUSES.get(error.type or "", 502)
    return Failure(error.message or "The provider reported an error.", error.type, status)


def finish_of(stop: wire.Message | wire.Piece) -> Finish | None:
    reason = stop.stop_reason
    if reason is None:
        return None
    return Finish(wire.REASONS.get(reason, "other"), reason, stop_sequence=stop.stop_sequence)


class Progress:
    """The state of a stream's message: whether it has started, its usage so far, and whether it has finished."""

    def __init__(self) -> None:
        self._message_id: str | None = None
        self._usage: wire.UsageFields | None = None
        self.done = False

    def starts(self, message: wire.Message) -> bool:
        """Whether this is the first start; some gateways repeat it.

        Raises ``UpstreamBroken`` for the start of another message: the gateway has lost the first one and asked again,
        so that neither is whole.
        """
        if self._message_id is None:
            self._message_id = message.id
            return True
        if self._message_id != message.id:
            raise UpstreamBroken("The provider began another message before the first one was complete.")
        return False

    def usage_events(self, usage: wire.UsageFields | None) -> list[StreamEvent]:
        if usage is None:
            return []
        self._usage = wire.merged(self._usage, usage)
        return [UsageSoFar(wire.usage_of(self._usage))]

    def first_finish(self, stop: wire.Message | wire.Piece | None) -> Finish | None:
        """The finish in ``stop``; None if there is none, or if one came before."""
        finish = finish_of(stop) if stop is not None and not self.done else None
        self.done = self.done or finish is not None
        return finish
