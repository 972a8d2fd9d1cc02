"""Connections are kept, replaced, given up, closed at once, and never given another request's reply."""

from __future__ import annotations

import asyncio
import gc
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.support.raw_upstream import RawUpstream, Script, Visit, chunked, ok, replying
from turnout.core import WireRequest
from turnout.errors import KeptConnectionLost, UpstreamError, UpstreamTimeout, UpstreamUnreachable
from turnout.transport import Transport, pool
from turnout.transport.connection import Connection

pytestmark = pytest.mark.asyncio(loop_scope="function")

LIMIT = 100_000_000
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


@asynccontextmanager
async def opened(*scripts: Script, host: str = "127.0.0.1") -> AsyncIterator[tuple[RawUpstream, Transport]]:
    async with RawUpstream(*scripts, host=host) as server:
        transport = Transport()
        try:
            yield server, transport
        finally:
            await transport.close()


async def ask(transport: Transport, server: RawUpstream, body: bytes = b"{}") -> bytes:
    """The body of one whole exchange."""
    response = await transport.send(WireRequest(server.url, {}, body), 5)
    data = await response.read_all(LIMIT)
    response.release()
    return data


async def left(server: RawUpstream, number: int = 0) -> None:
    """Waits until the client has closed that connection."""
    await asyncio.wait_for(server.visits[number].left.wait(), 5)


# --- kept, or not ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(ok(b"hello"), id="length"),
        pytest.param(CHUNKED + chunked(b"hel", b"lo"), id="chunked"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" + ok(b"hello"), id="after-continue"),
        pytest.param(b"HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 5\r\n\r\nhello", id="http-1.0"),
    ],
)
async def test_a_connection_is_used_again(reply: bytes) -> None:
    async with opened(replying(reply)) as (server, transport):
        assert [await ask(transport, server, b"%d" % number) for number in range(3)] == [b"hello"] * 3
        assert len(server.visits) == 1
        assert [request[-1:] for request in server.requests] == [b"0", b"1", b"2"]


@pytest.mark.parametrize(
    ("reply", "close"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhello", False, id="close"),
        pytest.param(b"HTTP/1.0 200 OK\r\ncontent-length: 5\r\n\r\nhello", False, id="http-1.0"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\nhello", True, id="ends-with-the-connection"),
        pytest.param(ok(b"hello") + ok(b"another"), False, id="a-second-reply-at-once"),
        pytest.param(ok(b"hello") + b"garbage", False, id="garbage-behind-it"),
    ],
)
async def test_a_connection_is_not_used_again(reply: bytes, close: bool) -> None:
    async with opened(replying(reply, close=close)) as (server, transport):
        assert [await ask(transport, server) for _ in range(3)] == [b"hello"] * 3
        assert len(server.visits) == 3
        if not close:
            await left(server, 0)


async def test_a_second_reply_does_not_change_the_first() -> None:
    async with opened(replying(ok(b"hello") + b"HTTP/1.1 500 No\r\nx-evil: 1\r\ncontent-length: 1\r\n\r\n!")) as (
        server,
        transport,
    ):
        response = await transport.send(WireRequest(server.url, {}, b""), 5)
        assert response.status == 200
        assert "x-evil" not in response.headers
        assert await response.read_all(LIMIT) == b"hello"


async def test_what_comes_while_nobody_asked_closes_the_connection() -> None:
    """The client would take it for the next reply otherwise."""

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(ok(b"hello"), ok(b"not for you"))
        await visit.request()

    async with opened(script, replying(ok(b"fresh"))) as (server, transport):
        assert await ask(transport, server) == b"hello"
        await left(server)
        assert await ask(transport, server) == b"fresh"


async def test_a_body_that_was_not_read_to_its_end_is_not_left_on_a_kept_connection() -> None:
    async with opened(replying(ok(b"x" * 1_000_000))) as (server, transport):
        response = await transport.send(WireRequest(server.url, {}, b""), 5)
        assert await response.read_all(10) == b"x" * 10
        response.release()
        assert len(await ask(transport, server)) == 1_000_000


async def test_the_connection_used_last_is_used_first() -> None:
    """So the others stay idle and are closed when there are fewer requests."""
    async with opened(replying(ok())) as (server, transport):
        together = await asyncio.gather(*[transport.send(WireRequest(server.url, {}, b""), 5) for _ in range(3)])
        for response in together:
            await response.read_all(LIMIT)
            response.release()
        for _ in range(3):
            await ask(transport, server)
        assert sorted(len(visit.requests) for visit in server.visits) == [1, 1, 4]


async def test_each_address_has_its_own_connections() -> None:
    async with opened(replying(ok(b"a"))) as (one, transport), RawUpstream(replying(ok(b"b"))) as other:
        assert [await ask(transport, server) for server in (one, other, one, other)] == [b"a", b"b", b"a", b"b"]
        assert (len(one.visits), len(other.visits)) == (1, 1)


async def test_idle_connections_are_closed_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "IDLE_SECONDS", 0.1)
    async with opened(replying(ok())) as (server, transport):
        await ask(transport, server)
        began = time.perf_counter()
        await left(server)
        assert time.perf_counter() - began < 0.5
        assert await ask(transport, server) == b"ok"
        assert len(server.visits) == 2
        await left(server, 1)


async def test_each_connection_is_idle_since_its_own_last_reply(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "IDLE_SECONDS", 0.2)
    async with opened(replying(ok())) as (server, transport):
        first, second = [await transport.send(WireRequest(server.url, {}, b""), 5) for _ in range(2)]
        for response in (first, second):
            await response.read_all(LIMIT)
        first.release()
        await asyncio.sleep(0.1)
        second.release()
        released = time.monotonic()
        await left(server, 1)
        assert time.monotonic() - released > 0.15


# --- stale connections -------------------------------------------------------------------------------


async def test_a_kept_connection_that_was_closed_meanwhile_is_not_used() -> None:
    async with opened(replying(ok(b"one"), close=True), replying(ok(b"two"))) as (server, transport):
        assert await ask(transport, server) == b"one"
        await asyncio.sleep(0.05)
        assert await ask(transport, server) == b"two"


def hanging_up(*bytes_before: bytes, reset: bool = False) -> Script:
    """Answers once. At the next request it sends these bytes and closes the connection."""

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(ok(b"one"))
        await visit.request()
        await visit.send(*bytes_before)
        visit.reset() if reset else visit.close()

    return script


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
async def test_a_request_on_a_kept_connection_that_breaks_is_not_sent_again(reset: bool) -> None:
    """The provider may have seen it, and each time that it is sent has a record of its own."""
    async with opened(hanging_up(reset=reset), replying(ok(b"two"))) as (server, transport):
        assert await ask(transport, server) == b"one"
        with pytest.raises(KeptConnectionLost, match="closed the connection before it answered"):
            await ask(transport, server)
        assert len(server.visits) == 1
        assert await ask(transport, server, b"body") == b"two"
        assert [request[-4:] for request in server.visits[1].requests] == [b"body"]


async def test_the_other_kept_connections_are_closed_with_it() -> None:
    """A provider that was started again has closed all: each of them would cost a try."""
    async with opened(hanging_up(), replying(ok())) as (server, transport):
        response = await transport.send(WireRequest(server.url, {}, b""), 5)
        await ask(transport, server)
        await response.read_all(LIMIT)
        response.release()
        with pytest.raises(KeptConnectionLost):
            await ask(transport, server)
        await left(server, 1)
        await ask(transport, server)
        assert len(server.visits) == 3


async def test_one_that_breaks_when_something_came_back_has_begun_to_answer() -> None:
    async with opened(hanging_up(b"HTTP/1.1 "), replying(ok())) as (server, transport):
        await ask(transport, server)
        with pytest.raises(UpstreamUnreachable) as caught:
            await ask(transport, server)
        assert type(caught.value) is UpstreamUnreachable


async def test_a_fresh_connection_that_breaks_was_none_that_was_kept() -> None:
    async def no_answer(visit: Visit) -> None:
        await visit.request()

    async with opened(no_answer, replying(ok())) as (server, transport):
        with pytest.raises(UpstreamUnreachable) as caught:
            await ask(transport, server)
        assert type(caught.value) is UpstreamUnreachable


@pytest.mark.usefixtures("earlier_objects_are_frozen")
async def test_connections_that_are_gone_leave_nothing_behind() -> None:
    """This holds for used connections and for those that the provider closed at once."""

    async def closed_at_once(visit: Visit) -> None:
        visit.reset()

    async with opened(closed_at_once) as (server, transport):
        for _ in range(30):
            with pytest.raises(UpstreamUnreachable):
                await ask(transport, server)
        await asyncio.sleep(0.01)
        gc.collect()
        assert [each for each in gc.get_objects() if isinstance(each, Connection)] == []


class LateLoop:
    """An event loop that returns a new connection only after the provider had time to close it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)

    async def create_connection(self, *args: Any, **kwargs: Any) -> Any:
        connection = await self._loop.create_connection(*args, **kwargs)
        await asyncio.sleep(0.05)
        return connection


@pytest.mark.usefixtures("earlier_objects_are_frozen")
async def test_a_connection_that_was_lost_before_it_was_known_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    async def closed_at_once(visit: Visit) -> None:
        visit.reset()

    async with opened(closed_at_once) as (server, transport):
        monkeypatch.setattr(transport, "_loop", LateLoop(asyncio.get_running_loop()))
        with pytest.raises(UpstreamUnreachable, match="closed the connection before it answered"):
            await ask(transport, server)
        gc.collect()
        assert [each for each in gc.get_objects() if isinstance(each, Connection)] == []


# --- leaving -----------------------------------------------------------------------------------------


async def test_a_cancelled_wait_for_the_reply_closes_the_connection_at_once() -> None:
    received = asyncio.Event()

    async def silent(visit: Visit) -> None:
        await visit.request()
        received.set()
        await visit.until_left()

    async with opened(silent) as (server, transport):
        task = asyncio.create_task(ask(transport, server))
        await asyncio.wait_for(received.wait(), 5)
        task.cancel()
        began = time.perf_counter()
        with pytest.raises(asyncio.CancelledError):
            await task
        await left(server)
        assert time.perf_counter() - began < 1


@pytest.mark.parametrize("cut", ["abort", "close-the-transport"])
async def test_who_leaves_in_the_body_closes_the_connection_at_once(cut: str) -> None:
    async def endless(visit: Visit) -> None:
        await visit.request()
        await visit.send(CHUNKED + b"5\r\nhello\r\n")
        await visit.until_left()

    async with opened(endless) as (server, transport):
        response = await transport.send(WireRequest(server.url, {}, b""), 5)
        assert await response.read() == b"hello"
        began = time.perf_counter()
        if cut == "abort":
            response.abort()
        else:
            await transport.close()
        await left(server)
        assert time.perf_counter() - began < 1
        with pytest.raises(UpstreamError):
            await response.read()


async def test_closing_the_transport_closes_what_is_kept() -> None:
    async with opened(replying(ok())) as (server, transport):
        await ask(transport, server)
        await transport.close()
        await left(server)


async def test_a_provider_is_not_read_faster_than_the_client_takes_it() -> None:
    """The provider has 50 MB, and can send only a little more than the kernel's buffers hold."""
    sent = 0

    async def pours(visit: Visit) -> None:
        nonlocal sent
        await visit.request()
        await visit.send(b"HTTP/1.1 200 OK\r\ncontent-length: 50000000\r\n\r\n")
        for _ in range(500):
            await visit.send(b"x" * 100_000)
            sent += 100_000
        await visit.request()

    async with opened(pours) as (server, transport):
        response = await transport.send(WireRequest(server.url, {}, b""), 5)
        await settled(lambda: sent)
        assert sent < 20_000_000
        first = await response.read()
        assert len(first) < 2_000_000
        await settled(lambda: sent)
        assert sent < 30_000_000, "it waits again"
        assert len(first) + len(await response.read_all(LIMIT)) == 50_000_000
        response.release()
        assert server.visits[0].left.is_set() is False, "the connection is kept"


async def settled(value: Callable[[], int]) -> None:
    """Waits until the value has not changed for a fifth of a second."""
    before = -1
    while before != value():
        before = value()
        await asyncio.sleep(0.2)


# --- connecting --------------------------------------------------------------------------------------


@asynccontextmanager
async def alone() -> AsyncIterator[Transport]:
    transport = Transport()
    try:
        yield transport
    finally:
        await transport.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def failure(url: str, seconds: float = 5, **headers: str) -> UpstreamError:
    async with alone() as transport:
        with pytest.raises(UpstreamError) as caught:
            await transport.send(WireRequest(url, headers, b""), seconds)
        return caught.value


async def test_a_refused_connection_names_the_address() -> None:
    port = free_port()
    error = await failure(f"http://127.0.0.1:{port}/v1/secret-path?key=secret")
    assert isinstance(error, UpstreamUnreachable)
    assert error.message == f"http://127.0.0.1:{port} refused the connection."


async def test_a_connection_that_takes_too_long_times_out() -> None:
    """The provider accepts the connection, but never answers the TLS handshake."""

    async def silent(visit: Visit) -> None:
        await visit.until_left()

    async with RawUpstream(silent) as server:
        began = time.perf_counter()
        error = await failure(server.url.replace("http://", "https://"), 0.2)
        assert 0.15 < time.perf_counter() - began < 1
        assert isinstance(error, UpstreamTimeout)
        assert "could not be connected to in time" in error.message


async def test_the_connect_timeout_ends_with_the_connection() -> None:
    """The caller has its own timeout for a slow answer."""

    async def slow(visit: Visit) -> None:
        await visit.request()
        await asyncio.sleep(0.3)
        await visit.send(ok(b"late"))

    async with opened(slow) as (server, transport):
        response = await transport.send(WireRequest(server.url, {}, b""), 0.1)
        assert await response.read_all(LIMIT) == b"late"


@pytest.mark.parametrize(
    ("url", "what"),
    [
        pytest.param("http://no-such-host.invalid/v1", "host name can't be resolved", id="unknown-host"),
        pytest.param(f"http://{'a' * 70}.test/v1", "http://a", id="label-too-long"),
        pytest.param("http://a..b/v1", "http://a..b", id="empty-label"),
        pytest.param("http://127.0.0.1:0/v1", "http://127.0.0.1:0", id="port-zero"),
    ],
)
async def test_an_address_that_leads_nowhere(url: str, what: str) -> None:
    error = await failure(url)
    assert isinstance(error, UpstreamUnreachable)
    assert what in error.message


@pytest.mark.parametrize(
    "headers", [{"x": "a\r\nevil: 1"}, {"x": "a\nb"}, {"x": "a\rb"}, {"x\r\nevil": "1"}, {"x": "“smart”"}]
)
async def test_a_header_that_would_break_the_head_is_refused_unsent(headers: dict[str, str]) -> None:
    async with opened(replying(ok())) as (server, transport):
        with pytest.raises(UpstreamUnreachable, match="Check its key and its headers") as caught:
            await transport.send(WireRequest(server.url, headers, b""), 5)
        assert "evil" not in caught.value.message
        assert server.visits == []


async def test_ipv6() -> None:
    try:
        probe = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6")
    probe.close()
    async with opened(replying(ok(b"six")), host="::1") as (server, transport):
        assert await ask(transport, server) == b"six"
        assert f"\r\nhost: [::1]:{server.port}\r\n".encode() in server.requests[0]


async def test_many_at_once() -> None:
    """Each request gets its own reply."""

    async def echo(visit: Visit) -> None:
        while request := await visit.request():
            await visit.send(ok(request.partition(b"\r\n\r\n")[2]))

    async with opened(echo) as (server, transport):
        bodies = [b"%d" % number for number in range(90)]
        replies: list[Awaitable[bytes]] = [ask(transport, server, body) for body in bodies]
        assert await asyncio.gather(*replies) == bodies
