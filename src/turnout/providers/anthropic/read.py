"""Reads usage, finish and failure from a reply, for the decoders and the relays."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from turnout.core import Failure, Finish, StreamEvent, UsageSoFar
from turnout.errors import UpstreamBroken
from turnout.providers import error_words
from turnout.providers.half_pairs import lost
from turnout.providers.odd_values import Mark
from turnout.providers.unreadable import decode_reply

from . import anthropic_wire as wire
from .usage import UsageFields, merged, usage_of

T = TypeVar("T")
MESSAGE_STOP = "message_stop"


def read(decoder: msgspec.json.Decoder[T], data: bytes, mark: Mark = lost) -> T:
    """Decodes ``data``; raises ``UpstreamBroken`` with the beginning of unreadable bytes."""
    return decode_reply(decoder, data, "The provider sent what isn't an Anthropic message.", mark)


def failure_of(error: Any) -> Failure:
    """The event for an error in a reply of status 200."""
    return error_words.failure_of(error, wire.FORM, wire.STATUSES)


def finish_of(stop: wire.Message | wire.Piece, *, called: bool = False) -> Finish | None:
    """``called``: the message has tool calls. Other servers on this wire end them with ``end_turn``."""
    reason = stop.stop_reason
    return None if reason is None else _finish(reason, stop.stop_sequence, called=called)


def whole_finish(body: wire.Body, *, called: bool) -> Finish:
    """The finish of a body without a reason, if it has an answer. Raises ``UpstreamBroken``."""
    if not body.content:
        raise UpstreamBroken("The provider's reply has no stop_reason: it isn't a whole Anthropic message.")
    return _finish("", None, called=called)


def _finish(native: str, stop_sequence: str | None, *, called: bool) -> Finish:
    meaning = wire.REASONS.get(native, "other")
    return Finish("tool_calls" if called and meaning == "stop" else meaning, native, stop_sequence=stop_sequence)


class Progress:
    """The state of a stream's message: whether it has started, its usage so far, and whether it has finished."""

    def __init__(self) -> None:
        self._message_id: str | None = None
        self._usage: UsageFields | None = None
        self.began = False
        self.called = False
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

    def usage_events(self, usage: UsageFields | None) -> list[StreamEvent]:
        if usage is None:
            return []
        self._usage = merged(self._usage, usage)
        return [UsageSoFar(usage_of(self._usage))]

    def note(self, *, called: bool) -> None:
        """A block has come. ``called``: it is a tool call."""
        self.began = True
        self.called = self.called or called

    def first_finish(self, stop: wire.Message | wire.Piece | None) -> Finish | None:
        """The finish in ``stop``; None if there is none, or if one came before."""
        finish = finish_of(stop, called=self.called) if stop is not None and not self.done else None
        self.done = self.done or finish is not None
        return finish

    def last_finish(self, *, may_lack: bool) -> Finish | None:
        """The finish of an answer that ``message_stop`` ends without a reason; None if one came before.

        ``may_lack``: an event was left out, which may have had the reason. Then nobody knows how the answer ends:
        raises ``UpstreamBroken``.
        """
        if self.done or not self.began:
            return None
        if may_lack:
            raise UpstreamBroken("The provider ended its message, and the event with the reason can't be read.")
        self.done = True
        return _finish(MESSAGE_STOP, None, called=self.called)
