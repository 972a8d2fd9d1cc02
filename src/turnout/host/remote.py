"""The control process of the service, which another process of it asks over a socket."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec

from turnout.errors import ControlRefused, ControlUnavailable

from .control_connection import ControlConnection
from .subjects import Answer, Question, Subject

_SHORTEST_PAUSE: Final = 0.01  # seconds between two tries to connect
_LONGEST_PAUSE: Final = 1.0

_log = logging.getLogger(__name__)


class RemoteControl:
    """Keeps one connection to the socket at ``path`` while it is ``opened``.

    The parent process holds that socket, so connecting works also while the control process is restarted. The new
    control process accepts the connection later. Until then, ``ask`` raises ``ControlUnavailable`` at once.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: ControlConnection | None = None

    async def ask(self, subject: Subject[Question, Answer], question: Question, *, deadline_ms: float) -> Answer:
        if self._connection is None:
            raise ControlUnavailable("isn't there")
        answer = await self._connection.ask(subject.name, subject.write(question), deadline_ms)
        try:
            return subject.read(answer)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ControlRefused(
                500,
                "internal_error",
                f"The control process is of another version of Turnout: what it says about '{subject.name}' can't be "
                "read. Restart Turnout.",
            ) from error

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._keep_connected())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def until_alone(self) -> None:
        """Returns at once, as no process asks this one."""

    async def _keep_connected(self) -> None:
        failures = 0
        while True:
            try:
                accepted = await self._connect_and_wait_until_lost()
            except OSError as error:
                accepted = False
                if failures == 0:
                    _log.warning("the socket of the control process can't be reached: %s", error)
            failures = 0 if accepted else failures + 1
            await asyncio.sleep(min(_SHORTEST_PAUSE * 2 ** min(failures, 10), _LONGEST_PAUSE))

    async def _connect_and_wait_until_lost(self) -> bool:
        """Whether the control process accepted the connection. Raises ``OSError`` if there is no connection."""
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_unix_connection(lambda: ControlConnection(loop), str(self._path))
        self._connection = connection
        try:
            await connection.lost.wait()
        finally:
            self._connection = None
            connection.abort()
        return connection.accepted
