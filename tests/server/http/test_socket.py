"""WebSockets over real sockets, with the client of a library."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus
from websockets.frames import CloseCode

from tests.server.http.serving import Serving, reply, serving, until

KEY = b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n"
OFFER = b"GET /talk HTTP/1.1\r\nhost: h\r\nconnection: Upgrade\r\nupgrade: websocket\r\n" + KEY + b"\r\n"


class Talking:
    """Answers each message with itself, but ``wait`` only when the client has gone, or with the reason of a stop."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.ended = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/refused":
            await reply(send, b"no", 403)
            return
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            self.heard.append(message["text"])
            try:
                await (scope["gone"]() if message["text"] == "wait" else asyncio.sleep(0))
            except asyncio.CancelledError:
                message["text"] = str(scope["state"].pop("refuse_with"))
            await send({"type": "websocket.ping"})
            await send({"type": "websocket.send", "text": message["text"].encode()})
        self.ended.set()


@asynccontextmanager
async def talking(**bounds: Any) -> AsyncIterator[tuple[Talking, Serving]]:
    app = Talking()
    async with serving(app, **bounds) as served:
        yield app, served


def client(served: Serving, path: str = "/talk", **options: Any) -> connect:
    return connect(f"ws://127.0.0.1:{served.port}{path}", proxy=None, compression=None, **options)


async def code_of(socket: ClientConnection) -> int | None:
    await asyncio.wait_for(socket.wait_closed(), 5)
    return socket.close_code


async def test_messages_go_both_ways() -> None:
    async with talking() as (app, served), client(served) as socket:
        for text in ("one", "Zoë 👩🏽‍🚀", ""):
            await socket.send(text)
            assert await socket.recv() == text
        await socket.send(["in ", "pieces"])
        assert await socket.recv() == "in pieces"
        await asyncio.wait_for(await socket.ping(), 5)
        await socket.close()
        await asyncio.wait_for(app.ended.wait(), 5)
    assert socket.close_code == CloseCode.NORMAL_CLOSURE


async def test_a_client_need_not_wait_for_the_reply_to_its_offer() -> None:
    async with talking() as (app, served):
        raw = await served.client()
        await raw.send(OFFER + bytes([0x81, 0x82, 0, 0, 0, 0]) + b"hi")
        await until(lambda: app.heard == ["hi"])


async def test_an_offer_may_be_answered_over_http() -> None:
    async with talking() as (_, served):
        with pytest.raises(InvalidStatus) as refused:
            async with client(served, "/refused"):
                pass
        assert (refused.value.response.status_code, refused.value.response.body) == (403, b"no")


async def test_an_offer_that_breaks_the_protocol_is_refused() -> None:
    async with talking() as (app, served):
        raw = await served.client()
        await raw.send(OFFER.replace(b"version: 13", b"version: 12"))
        assert (await raw.head()).startswith(b"HTTP/1.1 400")
        await asyncio.wait_for(app.ended.wait(), 5)


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([b"binary"], CloseCode.UNSUPPORTED_DATA),
        (["x" * 101], CloseCode.MESSAGE_TOO_BIG),
        (["wait", *["x"] * 17], CloseCode.POLICY_VIOLATION),
        (["wait", "x" * 60, "x" * 60], CloseCode.POLICY_VIOLATION),
    ],
    ids=["binary", "too large", "too many wait", "too much waits"],
)
async def test_what_costs_too_much_ends_it(messages: list[str | bytes], code: int) -> None:
    async with talking(max_body_bytes=100) as (app, served), client(served) as socket:
        for message in messages:
            await socket.send(message)
        assert await code_of(socket) == code
        await asyncio.wait_for(app.ended.wait(), 5)


async def test_frames_that_break_the_protocol_end_it() -> None:
    async with talking() as (app, served):
        raw = await served.client()
        await raw.send(OFFER + b"\xff\x80\x00\x00\x00\x00")
        await asyncio.wait_for(app.ended.wait(), 5)


async def test_the_application_learns_that_the_client_has_gone() -> None:
    async with talking() as (app, served), client(served) as socket:
        await socket.send("wait")
        await until(lambda: app.heard == ["wait"])
        socket.transport.abort()
        await asyncio.wait_for(app.ended.wait(), 5)


async def test_a_stop_ends_those_that_wait_at_once() -> None:
    async with talking() as (app, served), client(served) as socket:
        await socket.send("one")
        assert await socket.recv() == "one"
        stopping = asyncio.create_task(served.server.drain(60))
        assert await code_of(socket) == CloseCode.SERVICE_RESTART
        await asyncio.wait_for(app.ended.wait(), 5)
        await asyncio.wait_for(stopping, 5)


async def test_a_stop_ends_an_answer_that_takes_too_long_with_an_error() -> None:
    async with talking() as (app, served), client(served) as socket:
        await socket.send("wait")
        await until(lambda: app.heard == ["wait"])
        stopping = asyncio.create_task(served.server.drain(0.3))
        assert str(await asyncio.wait_for(socket.recv(), 5)).startswith("Turnout is being stopped")
        assert await code_of(socket) == CloseCode.SERVICE_RESTART
        await asyncio.wait_for(stopping, 5)


async def test_it_ends_after_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("turnout.server.http.socket_exchange.LONGEST_SECONDS", 0.05)
    async with talking() as (app, served), client(served) as socket:
        assert await code_of(socket) == CloseCode.GOING_AWAY
        await asyncio.wait_for(app.ended.wait(), 5)
