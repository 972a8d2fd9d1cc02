"""Writes one reply to a connection, also bytes that a correct server would never send."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Sequence

from . import http


class Sender:
    """``sent`` counts bytes. The connection sets ``client_left`` when the client closes it.

    ``split`` is the size in bytes of a body's pieces. Each is a chunk and a write of its own; 0 means no cutting.
    """

    def __init__(self, transport: asyncio.Transport, writable: asyncio.Event) -> None:
        self._transport = transport
        self._writable = writable
        self.sent = 0
        self.split = 0
        self.client_left = False

    async def write(self, data: bytes) -> None:
        """Hands ``data`` to the network, and waits while the client reads too slowly."""
        self._transport.write(data)
        self.sent += len(data)
        if not self._writable.is_set():
            await self._writable.wait()

    async def whole(self, status: int, headers: Sequence[tuple[str, str]], body: bytes) -> None:
        await self.write(http.head(status, headers) + body)

    async def head(self, status: int, headers: Sequence[tuple[str, str]]) -> None:
        await self.write(http.head(status, headers))

    async def chunk(self, data: bytes) -> None:
        """Sends a piece of a chunked body. Other tasks run after it, so that no stream blocks the others."""
        size = self.split or len(data)
        for at in range(0, len(data), size or 1):
            await self.write(http.chunk(data[at : at + size]))
            await asyncio.sleep(0)

    async def finish(self) -> None:
        await self.write(http.LAST_CHUNK)

    def close(self) -> None:
        """Closes normally (FIN) after everything has been sent."""
        self._transport.close()

    def reset(self) -> None:
        """Closes with RST, and drops all unsent bytes."""
        sock = self._transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    async def silence(self) -> None:
        """Sends nothing until the client leaves or the server stops."""
        await asyncio.Event().wait()
