"""The control process's end of one connection."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Final, cast

import msgspec

from turnout.errors import BodyTooLarge, InvalidRequest, Overloaded, TurnoutError

from .frames import Answer, Ask, Cancel, FrameReader, FromAsker, Hello, Refusal, frame, read_from_asker
from .subjects import Handlers, param_of

MOST_AT_ONCE: Final = 1024
"""Questions of one connection that may be under way at the same time."""

_log = logging.getLogger(__name__)


class AskerConnection(asyncio.Protocol):
    """The connection of another process that asks. ``on_begin`` and ``on_end`` are called when it begins and ends."""

    def __init__(
        self,
        handlers: Handlers,
        on_begin: Callable[[AskerConnection], None],
        on_end: Callable[[AskerConnection], None],
    ) -> None:
        self._handlers = handlers
        self._on_begin = on_begin
        self._on_end = on_end
        self._frames = FrameReader()
        self._tasks: dict[int, asyncio.Task[bytes]] = {}

    async def close(self) -> None:
        """Ends the connection, and cancels the handlers that work for it."""
        tasks = tuple(self._tasks.values())
        self._transport.abort()
        self._cancel_all()
        if tasks:
            await asyncio.wait(tasks)

    def _cancel_all(self) -> None:
        for task in self._tasks.values():
            task.cancel()

    # --- the event loop calls these ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._on_begin(self)
        self._transport.write(frame(Hello()))

    def data_received(self, data: bytes) -> None:
        try:
            for content in self._frames.feed(data):
                self._handle(read_from_asker(content))
        except (BodyTooLarge, InvalidRequest, msgspec.DecodeError, UnicodeDecodeError) as error:
            _log.error("a connection to the control process can't be read and is closed: %s", error)
            self._transport.abort()

    def pause_writing(self) -> None:
        """An asker that doesn't read its answers gets no further questions read."""
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        self._cancel_all()
        self._on_end(self)

    # --- questions ---

    def _handle(self, content: FromAsker) -> None:
        match content:
            case Ask():
                self._begin(content)
            case Cancel():
                task = self._tasks.get(content.id)
                if task is not None:  # else the answer is already sent
                    task.cancel()

    def _begin(self, ask: Ask) -> None:
        if ask.id in self._tasks:
            raise InvalidRequest(f"two questions with the id {ask.id}")
        if len(self._tasks) >= MOST_AT_ONCE:
            self._refuse(ask.id, Overloaded(f"This process asks more than {MOST_AT_ONCE} questions at once."))
            return
        answer = self._handlers.answer_encoded(ask.subject, ask.question)
        self._tasks[ask.id] = task = asyncio.get_running_loop().create_task(answer)
        task.add_done_callback(partial(self._end, ask.id, ask.subject))

    def _end(self, id_: int, subject: str, task: asyncio.Task[bytes]) -> None:
        del self._tasks[id_]
        if task.cancelled() or self._transport.is_closing():
            return
        error = task.exception()
        if error is None:
            self._answer(id_, task.result())
        elif isinstance(error, TurnoutError):
            self._refuse(id_, error)
        else:
            _log.error("a defect in the handler of '%s'", subject, exc_info=error)
            self._refuse(id_, TurnoutError(f"The control process failed to answer about '{subject}': see the log."))

    def _answer(self, id_: int, answer: bytes) -> None:
        try:
            self._transport.write(frame(Answer(id_, answer)))
        except BodyTooLarge as error:
            self._refuse(id_, error)

    def _refuse(self, id_: int, error: TurnoutError) -> None:
        self._transport.write(frame(Refusal(id_, error.status, error.code, error.message, param_of(error))))
