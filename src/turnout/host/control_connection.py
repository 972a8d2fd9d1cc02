"""The asker's end of one connection to the control process."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import Final, TypeAlias, cast

import msgspec

from turnout.errors import BodyTooLarge, ControlError, ControlRefused, ControlTimeout, ControlUnavailable

from .frames import Answer, Ask, Cancel, FrameReader, FromControl, Hello, Refusal, frame, read_from_control

MOST_UNREAD: Final = 1024 * 1024
"""Bytes of questions that the control process has not read. Beyond that it hangs, and gets no more questions."""

_log = logging.getLogger(__name__)

_Outcome: TypeAlias = bytes | ControlError


class ControlConnection(asyncio.Protocol):
    """Sends many questions at once. Each has an id, so a slow answer delays no other.

    ``accepted``: the control process has accepted the connection. ``lost`` is set when the connection has ended.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._frames = FrameReader()
        self._waiting: dict[int, asyncio.Future[_Outcome]] = {}
        self._last_id = 0
        self._reads_nothing = False
        self.accepted = False
        self.lost = asyncio.Event()

    async def ask(self, subject: str, question: bytes, deadline_ms: float) -> bytes:
        """The encoded answer. Raises ``ControlError``."""
        if not self.accepted or self.lost.is_set():
            raise ControlUnavailable("isn't there")
        if self._reads_nothing:
            raise ControlUnavailable("reads no questions at the moment: it hangs, or it has too much to do")
        self._last_id = id_ = self._last_id + 1
        try:
            self._transport.write(frame(Ask(id_, subject, question)))
        except BodyTooLarge as error:
            raise ControlRefused(error.status, error.code, error.message) from error
        outcome: asyncio.Future[_Outcome] = self._loop.create_future()
        self._waiting[id_] = outcome
        timer = self._loop.call_later(deadline_ms / 1000, partial(self._time_out, id_, subject, deadline_ms))
        try:
            answer = await outcome
        finally:
            timer.cancel()
            if self._waiting.pop(id_, None) is not None:  # the deadline has passed, or the caller was cancelled
                self._send_cancel(id_)
        if isinstance(answer, ControlError):
            raise answer
        return answer

    def _time_out(self, id_: int, subject: str, deadline_ms: float) -> None:
        outcome = self._waiting.get(id_)
        if outcome is not None and not outcome.done():
            outcome.set_result(ControlTimeout(subject, deadline_ms))

    def _send_cancel(self, id_: int) -> None:
        if not self._transport.is_closing():
            self._transport.write(frame(Cancel(id_)))

    # --- the event loop calls these ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=MOST_UNREAD)

    def data_received(self, data: bytes) -> None:
        try:
            for content in self._frames.feed(data):
                self._handle(read_from_control(content))
        except (BodyTooLarge, msgspec.DecodeError, UnicodeDecodeError) as error:
            _log.error("the frames of the control process can't be read, so the connection is closed: %s", error)
            self._transport.abort()

    def _handle(self, content: FromControl) -> None:
        match content:
            case Hello():
                self.accepted = True
            case Answer():
                self._resolve(content.id, content.answer)
            case Refusal():
                refused = ControlRefused(content.status, content.code, content.message, content.param)
                self._resolve(content.id, refused)

    def _resolve(self, id_: int, outcome: _Outcome) -> None:
        future = self._waiting.pop(id_, None)
        if future is not None and not future.done():  # else the caller was cancelled at the same moment
            future.set_result(outcome)

    def pause_writing(self) -> None:
        self._reads_nothing = True

    def resume_writing(self) -> None:
        self._reads_nothing = False

    def connection_lost(self, error: Exception | None) -> None:
        self.lost.set()
        for id_ in tuple(self._waiting):
            self._resolve(id_, ControlUnavailable("ended before it answered", maybe_done=True))

    def abort(self) -> None:
        self._transport.abort()
