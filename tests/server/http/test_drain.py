"""A stopping server answers the requests that have come, and waits for a bounded time."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from tests.server.http.serving import REQUEST, reply, serving


class WaitingApp:
    """An app that answers after ``go`` is set. ``asked`` is set when a request comes."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.asked = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked.set()
        try:
            await self.go.wait()
            await reply(send, b"answered")
        except asyncio.CancelledError:
            await reply(send, type(scope["state"]["refuse_with"]).__name__.encode(), 503)


async def test_a_request_under_way_is_answered() -> None:
    app = WaitingApp()
    async with serving(app) as served:
        client = await served.client()
        await client.send(REQUEST + b"\r\n")
        await app.asked.wait()
        draining = asyncio.create_task(served.server.drain(5))
        await asyncio.sleep(0)
        app.go.set()
        answer = await client.rest()
        assert answer.endswith(b"answered")
        assert b"connection: close" in answer
        await asyncio.wait_for(draining, 5)


async def test_a_request_on_its_way_is_answered() -> None:
    """On a connection that was idle, and on one that the system had accepted before the server had."""
    async with serving() as served:
        idle = await served.client()
        await idle.send(REQUEST + b"\r\n")
        await idle.body()
        waiting = socket.create_connection(("127.0.0.1", served.port))
        waiting.sendall(REQUEST + b"\r\n")
        draining = asyncio.create_task(served.server.drain(5))
        await idle.send(REQUEST + b"\r\n")
        assert (await idle.rest()).endswith(b"NoneType:0")
        await asyncio.wait_for(draining, 5)
        assert b"200 OK" in waiting.recv(1000)
        waiting.close()


async def test_a_client_that_has_just_connected_may_still_send_a_request() -> None:
    async with serving() as served:
        fresh, used = await served.client(), await served.client()
        await used.send(REQUEST + b"\r\n")
        await used.body()
        draining = asyncio.create_task(served.server.drain(5))
        assert await used.rest() == b""  # closed, so the first grace is over
        await fresh.send(REQUEST + b"\r\n")
        assert (await fresh.rest()).endswith(b"NoneType:0")
        await asyncio.wait_for(draining, 5)


async def test_new_connections_are_refused() -> None:
    app = WaitingApp()
    async with serving(app) as served:
        client = await served.client()
        await client.send(REQUEST + b"\r\n")
        await app.asked.wait()
        draining = asyncio.create_task(served.server.drain(5))
        await asyncio.sleep(0.01)
        try:
            await served.client()
        except ConnectionRefusedError:
            app.go.set()
        await asyncio.wait_for(draining, 5)
        assert app.go.is_set()


async def test_a_client_that_connected_just_before_is_answered() -> None:
    """The server has not accepted it when it stops listening."""
    async with serving() as served:
        with socket.create_connection(("127.0.0.1", served.port), timeout=5) as client:
            client.sendall(REQUEST + b"\r\n")
            await served.server.drain(5)
            assert client.recv(10_000).endswith(b"NoneType:0")


async def test_idle_connections_end_soon() -> None:
    async with serving() as served:
        client = await served.client()
        await client.send(REQUEST + b"\r\n")
        await client.body()
        await asyncio.wait_for(served.server.drain(60), 5)
        assert await client.rest() == b""


async def test_an_answer_that_takes_too_long_ends_with_an_error() -> None:
    app = WaitingApp()
    async with serving(app) as served:
        client = await served.client()
        await client.send(REQUEST + b"\r\n")
        await app.asked.wait()
        await served.server.drain(0.05)
        assert (await client.rest()).endswith(b"Overloaded")


async def test_a_second_signal_ends_the_wait() -> None:
    app = WaitingApp()
    async with serving(app) as served:
        client = await served.client()
        await client.send(REQUEST + b"\r\n")
        await app.asked.wait()
        draining = asyncio.create_task(served.server.drain(60))
        await asyncio.sleep(0.01)
        served.server.hurry()
        await asyncio.wait_for(draining, 5)
        assert (await client.rest()).endswith(b"Overloaded")
