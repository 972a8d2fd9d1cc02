"""Bounds on a connection, shown at the socket of a real server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn

from turnout.catalog.settings import ServerSettings
from turnout.server.protocol import BoundedConfig

REQUEST = b"GET / HTTP/1.1\r\nhost: h\r\n"


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Says what it was told to refuse, and how long the body was."""
    size = 0
    while True:
        message = await receive()
        size += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    refusal = (scope.get("state") or {}).get("refuse_with")
    said = f"{type(refusal).__name__}:{size}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(said))]})
    await send({"type": "http.response.body", "body": said})


@asynccontextmanager
async def serving(**bounds: Any) -> AsyncIterator[int]:
    config = BoundedConfig(app, ServerSettings(**bounds), port=0, lifespan="off", log_config=None, ws="none")
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    port: int = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield port
    finally:
        server.force_exit = True
        await server.shutdown()


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self._writer.write(piece)
            await self._writer.drain()
            await asyncio.sleep(0.005)

    async def body(self) -> bytes:
        head = await asyncio.wait_for(self._reader.readuntil(b"\r\n\r\n"), 5)
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        return await self._reader.readexactly(length)

    async def rest(self) -> bytes:
        """Everything up to the end of the connection."""
        return await asyncio.wait_for(self._reader.read(), 5)

    def close(self) -> None:
        self._writer.close()


async def connected(port: int) -> Client:
    return Client(*await asyncio.open_connection("127.0.0.1", port))


async def test_an_ordinary_request_is_let_through() -> None:
    """Whole, in pieces, and several on one connection."""
    async with serving(max_header_bytes=1024) as port:
        client = await connected(port)
        for pieces in (
            (REQUEST + b"\r\n",),
            (REQUEST[:5], REQUEST[5:], b"\r\n"),
            (REQUEST, b"content-length: 5000\r\n\r\n", b"x" * 5000),
        ):
            await client.send(*pieces)
            assert await client.body() == b"NoneType:%d" % (5000 if len(pieces[-1]) == 5000 else 0)
        client.close()


async def test_headers_over_the_limit_are_refused_by_the_app() -> None:
    async with serving(max_header_bytes=1024) as port:
        for size, refusal in ((900, b"NoneType:0"), (1100, b"HeadersTooLarge:0")):
            client = await connected(port)
            await client.send(REQUEST + b"x: " + b"y" * size + b"\r\n\r\n")
            assert await client.body() == refusal
            client.close()


@pytest.mark.parametrize("before", [b"", REQUEST + b"\r\n"], ids=["first", "second-on-the-connection"])
async def test_headers_without_end_are_cut_off(before: bytes) -> None:
    async with serving(max_header_bytes=1024) as port:
        client = await connected(port)
        if before:
            await client.send(before)
            await client.body()
        await client.send(REQUEST, *[b"x: " + b"y" * 500 + b"\r\n"] * 6)
        assert (await client.rest()).startswith(b"HTTP/1.1 431 ")


async def test_too_many_connections_are_refused_by_the_app() -> None:
    async with serving(max_connections=2) as port:
        clients = [await connected(port) for _ in range(3)]
        await clients[2].send(REQUEST + b"\r\n")
        assert await clients[2].body() == b"Overloaded:0"
        clients[0].close()
        await asyncio.sleep(0.02)
        await clients[1].send(REQUEST + b"\r\n")
        assert await clients[1].body() == b"NoneType:0"
        for client in clients:
            client.close()


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param((), id="says-nothing"),
        pytest.param((REQUEST[:3],), id="half-a-line"),
        pytest.param((REQUEST,), id="half-a-head"),
        pytest.param((b"",), id="nothing-at-all"),
    ],
)
@pytest.mark.parametrize("before", [False, True], ids=["first", "second-on-the-connection"])
async def test_who_does_not_get_its_headers_out_is_cut_off(pieces: tuple[bytes, ...], before: bool) -> None:
    """It can't hold a place for ever; one that sends a byte now and then can't, either."""
    async with serving(body_timeout=0.2) as port:
        client = await connected(port)
        if before and any(pieces):
            await client.send(REQUEST + b"\r\n")
            await client.body()
        began = time.perf_counter()
        await client.send(*pieces)
        assert await client.rest() == b""
        assert 0.1 < time.perf_counter() - began < 2


async def test_dripping_does_not_help() -> None:
    async with serving(body_timeout=0.2) as port:
        client = await connected(port)
        began = time.perf_counter()
        with pytest.raises(ConnectionError):
            await client.send(*[bytes([byte]) for byte in REQUEST * 40])
        assert time.perf_counter() - began < 2


async def test_a_slow_answer_and_an_idle_connection_are_not_cut_off() -> None:
    async with serving(body_timeout=0.1) as port:
        client = await connected(port)
        await client.send(REQUEST + b"\r\n")
        assert await client.body() == b"NoneType:0"
        await asyncio.sleep(0.3)
        await client.send(REQUEST + b"\r\n")
        assert await client.body() == b"NoneType:0"
        client.close()
