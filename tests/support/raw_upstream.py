"""A server that sends exactly the bytes of a test's script, and records its requests."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

Script = Callable[["Visit"], Awaitable[None]]
PAUSE = 0.01  # seconds between two pieces: enough for the other side to read them apart


class Visit:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.requests: list[bytes] = []
        self.left = asyncio.Event()  # the script has read that the client closed the connection

    async def request(self) -> bytes:
        """The next request, head and body; empty when the client has closed the connection."""
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionResetError):
            self.left.set()
            return b""
        length = re.search(rb"\r\ncontent-length: (\d+)\r\n", head)
        request = head + await self._reader.readexactly(int(length[1]) if length else 0)
        self.requests.append(request)
        return request

    async def send(self, *pieces: bytes) -> None:
        """The pieces one by one, each of which should arrive alone."""
        for number, piece in enumerate(pieces):
            if number:
                await asyncio.sleep(PAUSE)
            self._writer.write(piece)
            await self._writer.drain()

    async def until_left(self) -> None:
        """Waits until the client closes the connection."""
        with contextlib.suppress(ConnectionError):
            while await self._reader.read(65536):
                pass
        self.left.set()

    def close(self) -> None:
        self._writer.close()

    def reset(self) -> None:
        """Ends the connection with a TCP reset."""
        sock: socket.socket = self._writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


def replying(*pieces: bytes, close: bool = False) -> Script:
    """Answers every request of a connection with the same bytes, or only the first."""

    async def script(visit: Visit) -> None:
        while await visit.request():
            await visit.send(*pieces)
            if close:
                return

    return script


def ok(body: bytes = b"ok", *headers: str) -> bytes:
    lines = "".join(f"{header}\r\n" for header in (*headers, f"content-length: {len(body)}"))
    return f"HTTP/1.1 200 OK\r\n{lines}\r\n".encode() + body


def chunked(*chunks: bytes) -> bytes:
    """A whole chunked body."""
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))


class RawUpstream:
    """``scripts`` are for the first connection, the second, …; the last one is for all that follow.

    A connection is closed when its script ends. An error in a script fails the test at its end.
    """

    def __init__(self, *scripts: Script, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> None:
        self._scripts = scripts
        self._host = host
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()
        self._failed: list[BaseException] = []
        self.visits: list[Visit] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._visited, self._host, 0, ssl=self._tls, limit=64 * 1024 * 1024)
        self.port: int = self._server.sockets[0].getsockname()[1]
        url_host = f"[{self._host}]" if ":" in self._host else self._host
        self.origin = f"{'https' if self._tls else 'http'}://{url_host}:{self.port}"
        self.url = f"{self.origin}/v1/chat/completions"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._failed and error is None:
            raise self._failed[0]

    @property
    def requests(self) -> list[bytes]:
        return [request for visit in self.visits for request in visit.requests]

    async def _visited(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        visit = Visit(reader, writer)
        self.visits.append(visit)
        script = self._scripts[min(len(self.visits), len(self._scripts)) - 1]
        try:
            await script(visit)
        except (ConnectionError, asyncio.CancelledError):
            pass
        except Exception as error:  # noqa: BLE001  # shown by the test, whatever it is
            self._failed.append(error)
        finally:
            writer.close()
            self._tasks.discard(task)
