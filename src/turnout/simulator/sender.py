"""Writes one reply to a connection, byte by byte as told: also what no sound server would send."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Sequence

from . import http


class Sender:
    """``sent`` counts bytes. ``client_left`` is set from outside, by who sees the connection end.

    ``split`` cuts a body into pieces of so many bytes, each a chunk and a write of its own.
    """

    def __init__(self, transport: asyncio.Transport, writable: asyncio.Event) -> None:
        self._transport = transport
        self._writable = writable
        self.sent = 0
        self.split = 0
        self.client_left = False

    async def write(self, data: bytes) -> None:
        """Hands ``data`` to the network, and waits while the client is behind with reading."""
        self._transport.write(data)
        self.sent += len(data)
        if not self._writable.is_set():
            await self._writable.wait()

    async def whole(self, status: int, headers: Sequence[tuple[str, str]], body: bytes) -> None:
        await self.write(http.head(status, headers) + body)

    async def head(self, status: int, headers: Sequence[tuple[str, str]]) -> None:
        await self.write(http.head(status, headers))

    async def chunk(self, data: bytes) -> None:
        """A piece of a chunked body. Other tasks run before the next: no stream holds up the others."""
        size = self.split or len(data)
        for at in range(0, len(data), size or 1):
            await self.write(http.chunk(data[at : at + size]))
            await asyncio.sleep(0)

    async def finish(self) -> None:
        await self.write(http.LAST_CHUNK)

    def close(self) -> None:
        """Closes in order (FIN) once everything is sent."""
        self._transport.close()

    def reset(self) -> None:
        """Closes with RST, dropping what is still unsent."""
        sock = self._transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    async def silence(self) -> None:
        """Nothing, until the client leaves or the server stops."""
        await asyncio.Event().wait()
