"""The control process, which other processes ask over a socket."""

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

from .asker_connection import AskerConnection
from .control import LocalControl

_BACKLOG: Final = 512  # processes that wait for the next control process; these may be all of them
_PAUSE: Final = 1.0  # seconds after a failed accept: usually too many files are open

_log = logging.getLogger(__name__)


def control_listener(path: Path) -> socket.socket:
    """A listening socket at ``path``. The parent process holds it, so it stays when the control process ends."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


class ServedControl(LocalControl):
    """Answers also the questions that come over ``listener``, while it is ``opened``."""

    def __init__(self, listener: socket.socket) -> None:
        super().__init__()
        listener.setblocking(False)
        self._listener = listener
        self._askers: set[AskerConnection] = set()
        self._alone = asyncio.Event()
        self._alone.set()

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._accept_all())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            for connection in tuple(self._askers):
                await connection.close()

    async def until_alone(self) -> None:
        if self._askers:
            _log.info("the control process waits for %d others to end", len(self._askers))
        await self._alone.wait()

    async def _accept_all(self) -> None:
        while True:
            try:
                await self._accept_one()
            except OSError as error:
                _log.error("the control process can't take a connection: %s", error)
                await asyncio.sleep(_PAUSE)

    async def _accept_one(self) -> None:
        loop = asyncio.get_running_loop()
        client, _ = await loop.sock_accept(self._listener)
        if _is_ours(client):
            await loop.connect_accepted_socket(self._new_connection, client)
        else:
            _log.error("a process of another user is not let in to the control process")
            client.close()

    def _new_connection(self) -> AskerConnection:
        return AskerConnection(self.handlers, self._on_begin, self._on_end)

    def _on_begin(self, connection: AskerConnection) -> None:
        self._askers.add(connection)
        self._alone.clear()

    def _on_end(self, connection: AskerConnection) -> None:
        self._askers.discard(connection)
        if not self._askers:
            self._alone.set()


def _is_ours(client: socket.socket) -> bool:
    """Whether the other process is of this user. On other systems than Linux the folder's rights ensure that."""
    if sys.platform != "linux":
        return True
    credentials = struct.Struct("iII")
    _, user, _ = credentials.unpack(client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, credentials.size))
    return bool(user == os.geteuid())
