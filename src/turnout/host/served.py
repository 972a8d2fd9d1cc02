"""The control process that other processes ask over a socket."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import struct
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from .control import LocalControl
from .visitor import Visitor

_BACKLOG: Final = 512  # processes that wait for the next control process: all of them, at worst
_PAUSE: Final = 1.0  # seconds, when no connection can be taken: usually too many files are open

_log = logging.getLogger(__name__)


def control_listener(path: Path) -> socket.socket:
    """A listening socket at ``path``. The parent process holds it, so that it outlives the control process."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


class ServedControl(LocalControl):
    """Answers the questions that come over ``listener`` too, while it is ``opened``."""

    def __init__(self, listener: socket.socket) -> None:
        super().__init__()
        listener.setblocking(False)
        self._listener = listener
        self._visitors: set[Visitor] = set()
        self._alone = asyncio.Event()
        self._alone.set()

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        taking = asyncio.create_task(self._take_visitors())
        try:
            yield
        finally:
            taking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await taking
            for visitor in tuple(self._visitors):
                await visitor.dismiss()

    async def until_alone(self) -> None:
        if self._visitors:
            _log.info("the control process waits for %d others to end", len(self._visitors))
        await self._alone.wait()

    async def _take_visitors(self) -> None:
        while True:
            try:
                await self._take_visitor()
            except OSError as error:
                _log.error("the control process can't take a connection: %s", error)
                await asyncio.sleep(_PAUSE)

    async def _take_visitor(self) -> None:
        loop = asyncio.get_running_loop()
        client, _ = await loop.sock_accept(self._listener)
        if _is_ours(client):
            await loop.connect_accepted_socket(self._visitor, client)
        else:
            _log.error("a process of another user is not let in to the control process")
            client.close()

    def _visitor(self) -> Visitor:
        return Visitor(self.handlers, self._came, self._left)

    def _came(self, visitor: Visitor) -> None:
        self._visitors.add(visitor)
        self._alone.clear()

    def _left(self, visitor: Visitor) -> None:
        self._visitors.discard(visitor)
        if not self._visitors:
            self._alone.set()


def _is_ours(client: socket.socket) -> bool:
    """Whether the process at the other end is of this user. Where Linux isn't, the folder's rights see to that."""
    if sys.platform != "linux":
        return True
    credentials = struct.Struct("iII")
    _, user, _ = credentials.unpack(client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, credentials.size))
    return bool(user == os.geteuid())
