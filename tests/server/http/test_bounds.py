"""The bounds of a connection: while its request comes in, while it is idle, and after an early reply."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import weakref
from typing import Any

import pytest

from tests.server.http.serving import REQUEST, Client, Serving, reply, serving, until
from turnout.config import ServerSettings
from turnout.server.http import server as server_module
from turnout.server.http.connection import _MOST_BUFFERED

POST = b"POST /%b HTTP/1.1\r\nhost: h\r\ncontent-length: 30000000\r\n\r\n"


@pytest.fixture(autouse=True)
def frequent_sweeps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "_SWEEP_SECONDS", 0.01)


async def refuse(scope: Any, receive: Any, send: Any) -> None:
    """Answers without reading the body, as a request without a key is refused."""
    refusal = scope["state"].get("refuse_with")
    await reply(send, type(refusal).__name__.encode(), 401)


async def ended(client: Client) -> bool:
    with contextlib.suppress(ConnectionResetError):
        await client.rest()
    return True


async def test_headers_over_the_limit_are_refused_by_the_app() -> None:
    async with serving(max_header_bytes=1024) as served:
        for size, refusal in ((900, b"NoneType:0"), (1100, b"HeadersTooLarge:0")):
            client = await served.client()
            await client.send(REQUEST + b"x: " + b"y" * size + b"\r\n\r\n")
            assert await client.body() == refusal


async def test_a_target_counts_as_a_header_does() -> None:
    async with serving(max_header_bytes=1024) as served:
        client = await served.client()
        await client.send(b"GET /" + b"y" * 1100 + b" HTTP/1.1\r\nhost: h\r\n\r\n")
        assert await client.body() == b"HeadersTooLarge:0"


@pytest.mark.parametrize("before", [b"", REQUEST + b"\r\n"], ids=["first", "second-on-the-connection"])
async def test_headers_without_end_are_cut_off(before: bytes) -> None:
    async with serving(max_header_bytes=1024) as served:
        client = await served.client()
        if before:
            await client.send(before)
            await client.body()
        await client.send(REQUEST, *[b"x: " + b"y" * 500 + b"\r\n"] * 6)
        assert (await client.rest()).startswith(b"HTTP/1.1 431 ")


async def test_headers_that_take_too_long_are_cut_off() -> None:
    async with serving(body_timeout=0.05) as served:
        client = await served.client()
        await client.send(REQUEST)
        assert await client.rest() == b""


async def test_the_app_refuses_a_body_that_takes_too_long() -> None:
    refusals: list[str] = []

    async def tell(scope: Any, receive: Any, send: Any) -> None:
        try:
            while (await receive())["more_body"]:
                pass
        except asyncio.CancelledError:
            refusals.append(type(scope["state"]["refuse_with"]).__name__)
            await reply(send, b"late", 408)

    async with serving(tell, body_timeout=0.05) as served:
        client = await served.client()
        await client.send(REQUEST + b"content-length: 3\r\n\r\na")
        assert await client.body() == b"late"
        assert refusals == ["RequestTimeout"]


@pytest.mark.parametrize("behind", [b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 9\r\n\r\na", b"GET / HT"])
async def test_the_timeout_of_a_queued_request_starts_at_its_turn(behind: bytes) -> None:
    """A client may send the rest of its body or head only then."""

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0.15)
        await reply(send, b"done")

    async with serving(slow, body_timeout=0.05) as served:
        client = await served.client()
        await client.send(REQUEST + b"\r\n" + behind)
        assert await client.body() == b"done"


async def test_after_its_reply_a_connection_has_no_more_time_for_the_next_head_than_a_new_one() -> None:
    may_reply = asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await may_reply.wait()
        await reply(send, b"done")

    async with serving(slow, body_timeout=0.05) as served:
        client = await served.client()
        await client.send(REQUEST + b"\r\n" + b"GET / HT")
        may_reply.set()
        assert await client.body() == b"done"
        assert await client.rest() == b""


@pytest.mark.parametrize("endless", [b"1\r\na\r\n0\r\n" + b"x: y\r\n" * 5000, b"1;" + b"e" * 40_000])
async def test_chunk_sizes_and_trailers_are_bounded(endless: bytes) -> None:
    async with serving(refuse_late, max_header_bytes=1024) as served:
        client = await served.client()
        await client.send(REQUEST + b"transfer-encoding: chunked\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            await client.send(*[endless[at : at + 1000] for at in range(0, len(endless), 1000)])
        assert b"InvalidRequest" in await client.rest()


async def refuse_late(scope: Any, receive: Any, send: Any) -> None:
    try:
        while (await receive()).get("more_body"):
            pass
    except asyncio.CancelledError:
        await reply(send, type(scope["state"]["refuse_with"]).__name__.encode(), 400)


async def test_an_answer_may_take_longer_than_a_body() -> None:
    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await asyncio.sleep(0.15)
        await reply(send, b"done")

    async with serving(slow, body_timeout=0.05) as served:
        client = await served.client()
        await client.send(REQUEST + b"content-length: 1\r\n\r\na")
        assert await client.body() == b"done"


async def test_a_connection_that_asks_nothing_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "IDLE_SECONDS", 0.05)
    async with serving() as served:
        silent, served_once = await served.client(), await served.client()
        await served_once.send(REQUEST + b"\r\n")
        await served_once.body()
        assert await silent.rest() == b""
        assert await served_once.rest() == b""


async def test_a_client_that_reads_nothing_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "WRITE_SECONDS", 0.05)
    gone = asyncio.Event()

    async def pour(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while (await asyncio.wait({asyncio.ensure_future(receive())}, timeout=0))[1]:
            await send({"type": "http.response.body", "body": b"x" * 100_000, "more_body": True})
        gone.set()

    async with serving(pour) as served:
        client = await served.client()
        client.stop_reading()
        await client.send(REQUEST + b"\r\n")
        await asyncio.wait_for(gone.wait(), 5)


async def test_the_app_waits_for_a_client_that_reads_slowly() -> None:
    """A long answer would else wait in memory as a whole."""
    sent, size = 0, 50_000_000

    async def pour(scope: Any, receive: Any, send: Any) -> None:
        nonlocal sent
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % size)]})
        for at in range(100_000, size + 1, 100_000):
            await send({"type": "http.response.body", "body": b"x" * 100_000, "more_body": at < size})
            sent = at

    async with serving(pour) as served:
        client = await served.client()
        client.stop_reading()
        await client.send(REQUEST + b"connection: close\r\n\r\n")
        await until(lambda: len(served.server.stalled) == 1)
        assert 0 < sent < 20_000_000
        client.read_on()
        await client.head()
        assert len(await client.rest()) == size
        assert len(served.server.stalled) == 0


async def test_after_an_early_reply_the_rest_is_read_for_some_time_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "LINGER_SECONDS", 0.05)
    async with serving(refuse) as served:
        client = await served.client()
        await client.send(POST % b"")
        head = await client.head()
        assert b"401" in head
        assert b"connection: close" in head
        for _ in range(200):  # drips for ever
            try:
                await client.send(b"a")
            except ConnectionError:
                break
        else:
            pytest.fail("the connection was kept")


async def test_after_an_early_reply_the_rest_is_read_up_to_a_size_only() -> None:
    async with serving(refuse, max_body_bytes=100_000) as served:
        client = await served.client()
        await client.send(POST % b"")
        assert await client.body() == b"NoneType"
        with pytest.raises(ConnectionError):  # noqa: PT012  # whichever piece is the one too many
            for _ in range(100):
                await client.send(b"x" * 10_000)


async def test_a_client_that_sends_all_before_it_reads_gets_the_early_reply() -> None:
    """Many HTTP libraries do that. A close at once would reset the connection, and the reply would be lost."""
    async with serving(refuse) as served:
        client = await served.client()
        await client.send(b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 5000000\r\n\r\n" + b"x" * 5_000_000)
        assert (await client.rest()).endswith(b"NoneType")


async def test_a_large_body_is_read_on_after_an_early_reply() -> None:
    """The server had stopped reading, and a client that sends all before it reads would wait for ever."""
    may_reply = asyncio.Event()

    async def refuse_late(scope: Any, receive: Any, send: Any) -> None:
        await may_reply.wait()
        await reply(send, b"no", 401)

    async with serving(refuse_late) as served:
        client, size = await served.client(), 40 * _MOST_BUFFERED
        sending = asyncio.create_task(client.send(REQUEST + b"content-length: %d\r\n\r\n" % size, b"a" * size))
        await until(lambda: any(connection._reading_paused for connection in served.server._connections))
        may_reply.set()
        await asyncio.wait_for(sending, 5)
        assert await client.body() == b"no"


async def test_a_request_after_an_early_reply_is_ignored() -> None:
    """The reply said that the connection ends. The client would not look for another one, and may ask elsewhere."""
    paths: list[str] = []

    async def refuse_and_note(scope: Any, receive: Any, send: Any) -> None:
        paths.append(scope["path"])
        await refuse(scope, receive, send)

    async with serving(refuse_and_note) as served:
        client = await served.client()
        await client.send(b"POST /first HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\n\r\n")
        assert await client.body() == b"NoneType"
        await client.send(b"abc" + b"GET /second HTTP/1.1\r\nhost: h\r\n\r\n")
        client.half_close()
        assert await client.rest() == b""
        await until(lambda: len(served.server.lingering) == 0)
        assert paths == ["/first"]


@pytest.mark.parametrize("pieces", [[POST % b""], [REQUEST, b"x: %b\r\n" % (b"y" * 3000)]], ids=["body", "head"])
async def test_after_an_early_reply_no_other_timeout_runs(pieces: list[bytes]) -> None:
    async with serving(refuse, max_header_bytes=1024) as served:
        client = await served.client()
        await client.send(*pieces)
        await client.body()
        await until(lambda: len(served.server.lingering) == 1)
        assert (len(served.server.bodies), len(served.server.heads), len(served.server.idle)) == (0, 0, 0)


class Mark:
    """Something that a request holds."""


async def test_after_an_early_reply_the_request_is_let_go_of() -> None:
    """What came of its body may be large, and the client may take its time with the rest."""
    marks: list[weakref.ref[Mark]] = []

    async def refuse_marked(scope: Any, receive: Any, send: Any) -> None:
        scope["state"]["mark"] = mark = Mark()
        marks.append(weakref.ref(mark))
        await refuse(scope, receive, send)

    async with serving(refuse_marked) as served:
        client = await served.client()
        await client.send(POST % b"")
        assert await client.body() == b"NoneType"
        await until(lambda: marks[0]() is None)
        assert len(served.server.lingering) == 1


async def test_after_a_refusal_of_a_whole_request_the_connection_goes_on() -> None:
    async with serving(refuse) as served:
        client = await served.client()
        for _ in range(2):
            await client.send(b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\n\r\nabc")
            assert await client.body() == b"NoneType"


async def test_a_large_body_that_nobody_read_leaves_its_connection_usable() -> None:
    whole = asyncio.Event()

    async def refuse_when_all_is_there(scope: Any, receive: Any, send: Any) -> None:
        await whole.wait()
        await reply(send, b"no", 401)

    async with serving(refuse_when_all_is_there) as served:
        client = await served.client()
        size = _MOST_BUFFERED + 1  # so that its last byte makes the client wait
        await client.send(b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: %d\r\n\r\n" % size + b"x" * size)
        await until(lambda: any(exchange.request_complete for exchange in served.server._exchanges))
        whole.set()
        assert b"connection: close" not in await client.head()
        assert await client.available() == b"no"
        await client.send(REQUEST + b"\r\n")
        assert await client.body() == b"no"


async def busy(scope: Any, receive: Any, send: Any) -> None:
    """Sends the refusal if there is one; otherwise it answers when the client has gone."""
    if "refuse_with" in scope["state"] or scope["path"] == "/ping":
        await refuse(scope, receive, send)
        return
    while (await receive())["type"] != "http.disconnect":
        pass
    await reply(send, b"")


async def occupy(served: Serving, number: int) -> list[Client]:
    clients = [await served.client() for _ in range(number)]
    for client in clients:
        await client.send(REQUEST + b"\r\n")
    return clients


async def test_too_many_connections_are_refused_by_the_app() -> None:
    async with serving(busy, max_connections=2) as served:
        first, *_ = await occupy(served, 2)
        client = await served.client()
        await client.send(REQUEST + b"\r\n")
        assert await client.body() == b"Overloaded"
        first.close()
        await asyncio.sleep(0.02)
        assert await ended_soon_or_served(served)


async def ended_soon_or_served(served: Serving) -> bool:
    client = await served.client()
    await client.send(REQUEST + b"\r\n")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.head(), 0.05)  # the server refuses it no more
    return True


async def test_a_probe_is_answered_however_many_are_waiting() -> None:
    async with serving(busy, max_connections=2, max_requests_per_address=2) as served:
        await occupy(served, 2)
        probe = await served.client()
        await probe.send(b"GET /ping HTTP/1.1\r\nhost: h\r\n\r\n")
        assert await probe.body() == b"NoneType"


@pytest.mark.parametrize("pieces", [b"", REQUEST, POST % b"no"], ids=["silent", "half a head", "refused, dripping"])
async def test_idle_connections_make_room_for_new_ones(pieces: bytes) -> None:
    async with serving(refuse, max_connections=5) as served:
        holders = [await served.client() for _ in range(5)]
        for holder in holders:
            await holder.send(*filter(None, [pieces]))
        newcomer = await served.client()
        await newcomer.send(REQUEST + b"\r\n")
        assert await newcomer.body() == b"NoneType"
        assert await ended(holders[0])


async def test_clients_that_read_nothing_make_room_for_new_ones() -> None:
    async def pour(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            for _ in range(1000):
                await send({"type": "http.response.body", "body": b"x" * 100_000, "more_body": True})
        await reply(send, b"served")

    async with serving(pour, max_connections=3) as served:
        for _ in range(3):
            holder = await served.client()
            holder.stop_reading()
            await holder.send(REQUEST + b"\r\n")
        await until(lambda: len(served.server.stalled) == 3)
        newcomer = await served.client()
        await newcomer.send(b"GET /x HTTP/1.1\r\nhost: h\r\n\r\n")
        assert await newcomer.body() == b"served"


async def test_the_requests_of_one_address_are_bounded() -> None:
    async with serving(busy, max_requests_per_address=2) as served:
        first, *_ = await occupy(served, 2)
        client = await served.client()
        await client.send(REQUEST + b"\r\n")
        assert await client.body() == b"Overloaded"
        first.close()
        await asyncio.sleep(0.02)
        assert await ended_soon_or_served(served)


async def tell_client(scope: Any, receive: Any, send: Any) -> None:
    await reply(send, scope["client"][0].encode())


@pytest.mark.parametrize(
    ("trusted", "forwarded", "client"),
    [
        ([], [b"1.2.3.4"], "127.0.0.1"),
        (["127.0.0.1"], [], "127.0.0.1"),
        (["127.0.0.1"], [b"1.2.3.4"], "1.2.3.4"),
        (["127.0.0.0/8"], [b"6.6.6.6, 1.2.3.4"], "1.2.3.4"),
        (["127.0.0.0/8", "10.0.0.0/8"], [b"6.6.6.6", b"1.2.3.4, 10.1.1.1"], "1.2.3.4"),
        (["127.0.0.1"], [b"6.6.6.6, 1.2.3.4:5678"], "1.2.3.4"),
        (["127.0.0.1"], [b"[2001:db8::1]:443"], "2001:db8::1"),
        (["127.0.0.1"], [b"2001:db8::1"], "2001:db8::1"),
        (["127.0.0.1"], [b"6.6.6.6, <script>"], "127.0.0.1"),
        (["127.0.0.1"], [b""], "127.0.0.1"),
        (["127.0.0.0/8"], [b"127.0.0.9"], "127.0.0.9"),
    ],
)
async def test_only_a_trusted_proxy_names_the_client(trusted: list[str], forwarded: list[bytes], client: str) -> None:
    async with serving(tell_client, trusted_proxies=trusted) as served:
        sender = await served.client()
        await sender.send(REQUEST + b"".join(b"X-Forwarded-For: %b\r\n" % value for value in forwarded) + b"\r\n")
        assert (await sender.body()).decode() == client


async def test_a_client_may_come_by_ipv6() -> None:
    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6")
    server = server_module.HttpServer(tell_client, ServerSettings())
    await server.start(listener)
    reader, writer = await asyncio.open_connection(*listener.getsockname()[:2])
    client = Client(reader, writer)
    await client.send(REQUEST + b"\r\n")
    assert await client.body() == b"::1"
    writer.close()
    await server.drain(1)


async def test_behind_a_proxy_each_client_has_its_own_limit() -> None:
    async with serving(busy, max_requests_per_address=1, trusted_proxies=["127.0.0.1"]) as served:
        answers = []
        for address in (b"1.1.1.1", b"1.1.1.1", b"2.2.2.2"):
            client = await served.client()
            await client.send(REQUEST + b"x-forwarded-for: %b\r\n\r\n" % address)
            try:
                answers.append(await asyncio.wait_for(client.body(), 0.1))
            except TimeoutError:
                answers.append(b"served")
        assert answers == [b"served", b"Overloaded", b"served"]


async def test_a_body_that_waited_for_the_app_arrives_whole() -> None:
    """The server stops reading while much of a body waits, and reads on when the app has taken it."""
    size, may_read = 40 * _MOST_BUFFERED, asyncio.Event()

    async def count(scope: Any, receive: Any, send: Any) -> None:
        await may_read.wait()
        total, more = 0, True
        while more:
            message = await receive()
            total, more = total + len(message["body"]), message["more_body"]
        await reply(send, str(total).encode())

    async with serving(count) as served:
        client = await served.client()
        sending = asyncio.create_task(client.send(REQUEST + b"content-length: %d\r\n\r\n" % size, b"a" * size))
        await until(lambda: any(connection._reading_paused for connection in served.server._connections))
        may_read.set()
        await sending
        assert await client.body() == str(size).encode()
