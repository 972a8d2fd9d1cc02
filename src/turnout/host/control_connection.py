"""The asker's end of one connection to the control process."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import Final, TypeAlias, cast

import msgspec

from turnout.errors import BodyTooLarge, ControlError, ControlRefused, ControlTimeout, ControlUnavailable

from .frames import Answer, Ask, FrameReader, FromControl, Hello, Refusal, Withdraw, frame, read_from_control

MOST_UNREAD: Final = 1024 * 1024
"""Bytes of questions that the control process hasn't read, beyond which it is asked nothing more: it hangs."""

_log = logging.getLogger(__name__)

_Outcome: TypeAlias = bytes | ControlError


class Link(asyncio.Protocol):
    """Many questions at once: each has an id, so a slow answer holds up no other.

    ``greeted``: the control process has taken the connection. ``lost`` is set when the connection has ended.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._frames = FrameReader()
        self._waiting: dict[int, asyncio.Future[_Outcome]] = {}
        self._last_id = 0
        self._clogged = False
        self.greeted = False
        self.lost = asyncio.Event()

    async def ask(self, subject: str, question: bytes, deadline_ms: float) -> bytes:
        """Raises ``ControlError``."""
        if not self.greeted or self.lost.is_set():
            raise ControlUnavailable("isn't there")
        if self._clogged:
            raise ControlUnavailable("reads no questions at the moment: it hangs, or it has too much to do")
        self._last_id = id_ = self._last_id + 1
        try:
            self._transport.write(frame(Ask(id_, subject, question)))
        except BodyTooLarge as error:
            raise ControlRefused(error.status, error.code, error.message) from error
        outcome: asyncio.Future[_Outcome] = self._loop.create_future()
        self._waiting[id_] = outcome
        timer = self._loop.call_later(deadline_ms / 1000, partial(self._late, id_, subject, deadline_ms))
        try:
            answer = await outcome
        finally:
            timer.cancel()
            if self._waiting.pop(id_, None) is not None:  # it is too late, or the caller is cancelled
                self._send_withdrawal(id_)
        if isinstance(answer, ControlError):
            raise answer
        return answer

    def _late(self, id_: int, subject: str, deadline_ms: float) -> None:
        outcome = self._waiting.get(id_)
        if outcome is not None and not outcome.done():
            outcome.set_result(ControlTimeout(subject, deadline_ms))

    def _send_withdrawal(self, id_: int) -> None:
        if not self._transport.is_closing():
            self._transport.write(frame(Withdraw(id_)))

    # --- what the event loop calls ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=MOST_UNREAD)

    def data_received(self, data: bytes) -> None:
        try:
            for content in self._frames.feed(data):
                self._take(read_from_control(content))
        except (BodyTooLarge, msgspec.DecodeError, UnicodeDecodeError) as error:
            _log.error("what the control process says can't be read, so the connection is closed: %s", error)
            self._transport.abort()

    def _take(self, content: FromControl) -> None:
        match content:
            case Hello():
                self.greeted = True
            case Answer():
                self._settle(content.id, content.answer)
            case Refusal():
                self._settle(content.id, ControlRefused(content.status, content.code, content.message))

    def _settle(self, id_: int, outcome: _Outcome) -> None:
        waiting = self._waiting.pop(id_, None)
        if waiting is not None and not waiting.done():  # else the caller has left at the same moment
            waiting.set_result(outcome)

    def pause_writing(self) -> None:
        self._clogged = True

    def resume_writing(self) -> None:
        self._clogged = False

    def connection_lost(self, error: Exception | None) -> None:
        self.lost.set()
        for id_ in tuple(self._waiting):
            self._settle(id_, ControlUnavailable("ended before it answered", maybe_done=True))

    def abort(self) -> None:
        self._transport.abort()
