"""The HTTP server with an app for tests, and a client that sends exactly the bytes it gets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from turnout.config import ServerSettings
from turnout.server.http import HttpServer
from turnout.server.http.exchange import ASGIApp

REQUEST = b"GET / HTTP/1.1\r\nhost: h\r\n"


async def describe(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the kind of the refusal that it has to send, and the number of bytes in the body."""
    size = 0
    while True:
        message = await receive()
        size += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    refusal = scope["state"].get("refuse_with")
    await reply(send, f"{type(refusal).__name__}:{size}".encode())


async def reply(send: Any, body: bytes, status: int = 200) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the condition never became true")


class Serving:
    def __init__(self, server: HttpServer, port: int) -> None:
        self.server = server
        self.port = port
        self._clients: list[Client] = []

    async def client(self) -> Client:
        client = Client(*await asyncio.open_connection("127.0.0.1", self.port))
        self._clients.append(client)
        return client

    def close(self) -> None:
        for client in self._clients:
            client.close()


@asynccontextmanager
async def serving(app: ASGIApp = describe, **bounds: Any) -> AsyncIterator[Serving]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(100)
    port: int = listener.getsockname()[1]
    server = HttpServer(app, ServerSettings(**bounds))
    await server.start(listener)
    service = Serving(server, port)
    try:
        yield service
    finally:
        service.close()
        if not server.draining:
            await server.drain(0.1)


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self._writer.write(piece)
            await self._writer.drain()
            await asyncio.sleep(0.002)  # so that pieces arrive as such

    async def head(self) -> bytes:
        return await asyncio.wait_for(self._reader.readuntil(b"\r\n\r\n"), 5)

    async def body(self) -> bytes:
        """The body of a reply with a ``content-length``."""
        head = await self.head()
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        return await self._reader.readexactly(length)

    async def available(self) -> bytes:
        """The bytes that have come; empty at the end of the connection."""
        return await asyncio.wait_for(self._reader.read(100_000), 5)

    async def rest(self) -> bytes:
        """All bytes up to the end of the connection."""
        return await asyncio.wait_for(self._reader.read(), 5)

    def half_close(self) -> None:
        self._writer.write_eof()

    def close(self) -> None:
        self._writer.close()

    def stop_reading(self) -> None:
        self._writer.transport.pause_reading()  # type: ignore[attr-defined]  # its type is only WriteTransport

    def read_on(self) -> None:
        self._writer.transport.resume_reading()  # type: ignore[attr-defined]
