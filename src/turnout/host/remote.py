"""The control process, asked from another process of the same service."""

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

from .link import Link
from .subjects import Answer, Question, Subject

_SHORTEST_PAUSE: Final = 0.01  # seconds between two tries to connect
_LONGEST_PAUSE: Final = 1.0

_log = logging.getLogger(__name__)


class RemoteControl:
    """Keeps one connection to the socket at ``path`` while it is ``opened``.

    The parent process holds that socket, so a connection is made at once even while the control process is started
    again: it waits there, and the new control process says hello. Until then, whoever asks is refused at once.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._link: Link | None = None

    async def ask(self, subject: Subject[Question, Answer], question: Question, *, deadline_ms: float) -> Answer:
        if self._link is None:
            raise ControlUnavailable("isn't there")
        answer = await self._link.ask(subject.name, subject.write(question), deadline_ms)
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
        following = asyncio.create_task(self._follow())
        try:
            yield
        finally:
            following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await following

    async def until_alone(self) -> None:
        """Nobody asks this process."""

    async def _follow(self) -> None:
        failures = 0
        while True:
            try:
                greeted = await self._connected_until_lost()
            except OSError as error:
                greeted = False
                if failures == 0:
                    _log.warning("the socket of the control process can't be reached: %s", error)
            failures = 0 if greeted else failures + 1
            await asyncio.sleep(min(_SHORTEST_PAUSE * 2 ** min(failures, 10), _LONGEST_PAUSE))

    async def _connected_until_lost(self) -> bool:
        """Whether the control process said hello. Raises ``OSError`` if there is no connection."""
        loop = asyncio.get_running_loop()
        _, link = await loop.create_unix_connection(lambda: Link(loop), str(self._path))
        self._link = link
        try:
            await link.lost.wait()
        finally:
            self._link = None
            link.abort()
        return link.greeted
