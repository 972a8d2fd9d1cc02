"""A forward proxy: tunnels by CONNECT, and plain requests with the whole address in their first line."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from base64 import b64encode
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

_DENIED = b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n"


class ForwardProxy:
    """``heads`` are the heads of the requests to it. With ``user`` (``name:password``) it wants just this user.

    ``answer`` is what it says in place of asking the server. ``leads_to`` is the port to which every name leads.
    """

    def __init__(
        self,
        *,
        user: str | None = None,
        answer: bytes | None = None,
        leads_to: int | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._credentials = user and f"proxy-authorization: Basic {b64encode(user.encode()).decode()}\r\n".encode()
        self._answer = answer
        self._leads_to = leads_to
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()
        self.heads: list[bytes] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._visited, "127.0.0.1", 0, ssl=self._tls)
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.place = f"127.0.0.1:{self.port}"
        self.url = f"{'https' if self._tls else 'http'}://{self.place}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def first_lines(self) -> list[str]:
        return [head.partition(b"\r\n")[0].decode() for head in self.heads]

    async def _visited(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, ssl.SSLError):
            await self._serve(reader, writer)
        writer.close()
        self._tasks.discard(task)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head)
            if self._answer is not None:
                writer.write(self._answer)
                await writer.drain()
                return
            if self._credentials and self._credentials not in head:
                writer.write(_DENIED)
                continue
            method, address, _ = head.split(b" ", 2)
            if method == b"CONNECT":
                await self._tunnel(address.decode(), reader, writer)
                return
            await self._pass_on(address.decode(), head, reader, writer)
            return

    async def _open(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._leads_to is not None:
            host, port = "127.0.0.1", self._leads_to
        return await asyncio.open_connection(host, port)

    async def _tunnel(self, place: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = place.rpartition(":")
        server = await self._open(host.strip("[]"), int(port))
        writer.write(b"HTTP/1.1 200 Connection established\r\nvia: test\r\n\r\n")
        await _both_ways((reader, writer), server)

    async def _pass_on(
        self, address: str, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """The first request as the server expects it, and what follows on the connection as it is."""
        parts = urlsplit(address)
        server = await self._open(parts.hostname or "", parts.port or 80)
        origin = f"{parts.scheme}://{parts.netloc}".encode()
        lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"proxy-")]
        server[1].write(b"\r\n".join(lines).replace(origin, b"", 1))
        await _both_ways((reader, writer), server)


Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _both_ways(client: Stream, server: Stream) -> None:
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_copy(client[0], server[1]))
            group.create_task(_copy(server[0], client[1]))
    finally:
        server[1].close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
    else:
        writer.close()
