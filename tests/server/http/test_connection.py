"""The HTTP that clients send, over the socket of a real server."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.server.http.serving import REQUEST, Client, reply, serving


async def test_an_ordinary_request_is_answered() -> None:
    """It may come whole or in pieces, and several may come on one connection."""
    async with serving(max_header_bytes=1024) as served:
        client = await served.client()
        for pieces in (
            (REQUEST + b"\r\n",),
            (REQUEST[:5], REQUEST[5:], b"\r\n"),
            (REQUEST, b"content-length: 5000\r\n\r\n", b"x" * 5000),
            (REQUEST + b"transfer-encoding: chunked\r\n\r\n", b"1388\r\n" + b"x" * 5000, b"\r\n0\r\n\r\n"),
        ):
            await client.send(*pieces)
            size = 5000 if len(pieces) == 3 and b"xxx" in b"".join(pieces) else 0
            assert await client.body() == b"NoneType:%d" % size


async def test_requests_sent_at_once_are_answered_in_their_order() -> None:
    async def answer_first_late(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/0":
            await asyncio.sleep(0.02)
        await reply(send, scope["path"].encode() + (await receive())["body"])

    async with serving(answer_first_late) as served:
        client = await served.client()
        await client.send(
            b"".join(b"POST /%d HTTP/1.1\r\nhost: h\r\ncontent-length: 1\r\n\r\n%d" % (n, n) for n in range(5))
        )
        assert [await client.body() for _ in range(5)] == [b"/%d%d" % (n, n) for n in range(5)]


@pytest.mark.parametrize(
    "framing", [b"content-length: 5\r\n\r\nhello", b"transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"]
)
@pytest.mark.parametrize("cut", [0, 40, 125])
async def test_an_offer_of_another_protocol_is_ignored(framing: bytes, cut: int) -> None:
    """Java's HttpClient and ``curl --http2`` send one. The connection goes on."""
    offer = b"connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n"
    request = b"POST / HTTP/1.1\r\nhost: h\r\n" + offer + framing
    async with serving() as served:
        client = await served.client()
        for _ in range(2):
            await client.send(*filter(None, (request[:cut], request[cut:])))
            assert await client.body() == b"NoneType:5"


async def test_an_offer_without_a_body_is_ignored() -> None:
    async with serving() as served:
        client = await served.client()
        await client.send(REQUEST + b"connection: Upgrade\r\nupgrade: websocket\r\n\r\n" + REQUEST + b"\r\n")
        assert [await client.body(), await client.body()] == [b"NoneType:0"] * 2


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        REQUEST + b"host: other\r\n\r\n",
        REQUEST + b"transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        REQUEST + b"transfer-encoding: identity\r\n\r\n",
        REQUEST + b"transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        REQUEST + b"transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n",
        REQUEST + b"content-length: 5\r\ncontent-length: 6\r\n\r\nhello!",
        REQUEST + b"content-length: -5\r\n\r\n",
        REQUEST + b"x: a\x00b\r\n\r\n",
        REQUEST + b"x: a\r\n folded\r\n\r\n",
        REQUEST + b"x : a\r\n\r\n",
        b"GET /\xc3\xa9 HTTP/1.1\r\nhost: h\r\n\r\n",
        b"GET nowhere HTTP/1.1\r\nhost: h\r\n\r\n",
        b"CONNECT h:80 HTTP/1.1\r\nhost: h\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
        b"GET / HTTP/1.1\nhost: h\n\n",
    ],
)
async def test_a_request_that_can_be_read_in_two_ways_is_refused(request_: bytes) -> None:
    async with serving() as served:
        client = await served.client()
        await client.send(request_)
        head, _, body = (await client.rest()).partition(b"\r\n\r\n")
        assert head.split(b" ", 2)[1] in (b"400", b"501")
        assert b"connection: close" in head
        assert body.startswith(b'{"error": {"message": "')


async def test_bytes_after_a_valid_request_do_not_change_its_reply() -> None:
    started = asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        started.set()
        await asyncio.sleep(0.02)
        await reply(send, b"whole")

    async with serving(slow) as served:
        client = await served.client()
        await client.send(REQUEST + b"\r\n")
        await started.wait()
        await client.send(b"\x00garbage\r\n\r\n")
        assert b"\r\n\r\nwhole" in await client.rest()


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"/a/b?c=d?e", "/a/b", b"c=d?e"),
        (b"/a%20b%2Fc", "/a b/c", b""),
        (b"http://h:80/a?b", "/a", b"b"),
        (b"http://h", "/", b""),
        (b"*", "/*", b""),
        (b"//evil/v1", "//evil/v1", b""),
    ],
)
async def test_targets(target: bytes, path: str, query: bytes) -> None:
    async def tell(scope: Any, receive: Any, send: Any) -> None:
        await reply(send, repr((scope["path"], scope["query_string"])).encode())

    async with serving(tell) as served:
        client = await served.client()
        await client.send(b"OPTIONS %b HTTP/1.1\r\nhost: h\r\n\r\n" % target)
        assert await client.body() == repr((path, query)).encode()


async def test_a_client_that_waits_for_100_gets_it_when_the_app_reads_the_body() -> None:
    async with serving() as served:
        client = await served.client()
        await client.send(REQUEST + b"content-length: 3\r\nexpect: 100-continue\r\n\r\n")
        assert await client.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
        await client.send(b"abc")
        assert await client.body() == b"NoneType:3"


async def test_a_client_that_waits_for_100_gets_a_refusal_instead() -> None:
    async def refuse(scope: Any, receive: Any, send: Any) -> None:
        await reply(send, b"no", 401)

    async with serving(refuse) as served:
        client = await served.client()
        await client.send(REQUEST + b"content-length: 3\r\nexpect: 100-continue\r\n\r\n")
        answer = await client.rest()
        assert answer.startswith(b"HTTP/1.1 401 Unauthorized\r\n")
        assert b"connection: close" in answer


async def stream(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    for piece in (b"one ", b"", b"two"):
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def test_a_body_of_unknown_length_comes_in_chunks() -> None:
    async with serving(stream) as served:
        client = await served.client()
        await client.send(REQUEST + b"connection: close\r\n\r\n")
        head, _, body = (await client.rest()).partition(b"\r\n\r\n")
        assert b"transfer-encoding: chunked" in head
        assert body == b"4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n"


async def test_http_1_0_knows_no_chunks() -> None:
    async with serving(stream) as served:
        client = await served.client()
        await client.send(b"GET / HTTP/1.0\r\n\r\n")
        head, _, body = (await client.rest()).partition(b"\r\n\r\n")
        assert (b"transfer-encoding" in head, b"connection: close" in head, body) == (False, True, b"one two")


async def test_head_has_the_length_and_no_body() -> None:
    async with serving() as served:
        client = await served.client()
        await client.send(b"HEAD / HTTP/1.1\r\nhost: h\r\n\r\n" + REQUEST + b"\r\n")
        assert b"content-length: 10" in await client.head()
        assert await client.body() == b"NoneType:0"


@pytest.mark.parametrize("name", [b"x-evil: 1\r\nx", b"x"])
async def test_a_header_with_a_line_break_is_never_sent(name: bytes) -> None:
    async def split(scope: Any, receive: Any, send: Any) -> None:
        value = b"a" if name != b"x" else b"a\r\nset-cookie: b"
        await send({"type": "http.response.start", "status": 200, "headers": [(name, value)]})
        await send({"type": "http.response.body", "body": b""})

    async with serving(split) as served:
        client = await served.client()
        await client.send(REQUEST + b"\r\n")
        answer = await client.rest()
        assert b"evil" not in answer
        assert b"cookie" not in answer


@pytest.mark.parametrize("begun", [False, True])
async def test_a_defect_never_gives_a_complete_reply(begun: bool) -> None:
    async def fail(scope: Any, receive: Any, send: Any) -> None:
        if begun:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise ZeroDivisionError

    async with serving(fail) as served:
        client = await served.client()
        await client.send(REQUEST + b"\r\n")
        if begun:
            assert not await reply_is_complete(client)
        else:
            assert b"HTTP/1.1 500 Internal Server Error" in await client.head()


async def reply_is_complete(client: Client) -> bool:
    try:
        return (await client.rest()).endswith(b"0\r\n\r\n")
    except ConnectionResetError:
        return False


async def test_a_client_may_read_in_bursts() -> None:
    """The reply waits for the client many times on one connection. Others are served meanwhile."""

    async def pour(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/ping":
            await reply(send, b"pong")
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(100):
            await send({"type": "http.response.body", "body": b"x" * 300_000, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async with serving(pour) as served:
        client, other = await served.client(), await served.client()
        await client.send(REQUEST + b"connection: close\r\n\r\n")
        read = 0
        while piece := await client.available():
            read += len(piece)
            await other.send(b"GET /ping HTTP/1.1\r\nhost: h\r\n\r\n")
            assert await other.body() == b"pong"
        assert read > 30_000_000


@pytest.mark.parametrize("body", [b"zz\r\n", b"1\r\n{\r\nzz\r\n"], ids=["at-once", "after-a-piece"])
@pytest.mark.parametrize("pause", [False, True], ids=["one-packet", "two-packets"])
async def test_the_app_refuses_a_malformed_chunk(body: bytes, pause: bool) -> None:
    async def read_or_refuse(scope: Any, receive: Any, send: Any) -> None:
        try:
            while "refuse_with" not in scope["state"] and (await receive()).get("more_body"):
                pass
        except asyncio.CancelledError:
            if "refuse_with" not in scope["state"]:
                raise
        await reply(send, type(scope["state"].get("refuse_with")).__name__.encode(), 400)

    head = REQUEST + b"transfer-encoding: chunked\r\n\r\n"
    async with serving(read_or_refuse) as served:
        client = await served.client()
        await client.send(*([head, body] if pause else [head + body]))
        assert (await client.rest()).endswith(b"InvalidRequest")
        assert served.server.requests_of("127.0.0.1") == 0


async def test_trailers_are_ignored() -> None:
    async def tell(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        await reply(send, repr(scope["headers"]).encode())

    async with serving(tell) as served:
        client = await served.client()
        chunks = b"transfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nauthorization: Bearer k\r\nhost: x\r\n\r\n"
        await client.send(REQUEST + chunks, REQUEST + b"\r\n")
        assert b"Bearer" not in await client.body()
        assert await client.body() == b"[(b'host', b'h')]"


async def test_many_offers_may_come_on_one_connection() -> None:
    offer = REQUEST + b"connection: upgrade\r\nupgrade: h2c\r\n\r\n"
    async with serving() as served:
        client = await served.client()
        await client.send(offer * 50)
        assert [await client.body() for _ in range(50)] == [b"NoneType:0"] * 50


@pytest.mark.parametrize("head", [REQUEST + b"host: other\r\n", b"GET / HTTP/1.1\r\n"])
async def test_an_offer_in_a_malformed_head_is_refused(head: bytes) -> None:
    async with serving() as served:
        client = await served.client()
        await client.send(head + b"connection: upgrade\r\nupgrade: h2c\r\n\r\n")
        assert (await client.rest()).startswith(b"HTTP/1.1 400 ")


async def test_an_offer_in_http_1_0_is_answered_in_http_1_0() -> None:
    async with serving(stream) as served:
        client = await served.client()
        await client.send(b"GET / HTTP/1.0\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n")
        assert (await client.rest()).endswith(b"\r\n\r\none two")


async def test_only_the_first_of_too_many_requests_at_once_are_answered() -> None:
    async with serving() as served:
        client = await served.client()
        await client.send((REQUEST + b"\r\n") * 1000)
        answer = await client.rest()
        assert answer.count(b"HTTP/1.1 200 OK") == 101
        assert answer.count(b"connection: close") == 1


async def test_the_app_notices_that_a_client_with_queued_requests_has_gone() -> None:
    gone = asyncio.Event()

    async def wait(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        gone.set()

    async with serving(wait) as served:
        client = await served.client()
        await client.send((REQUEST + b"\r\n") * 3)
        client.close()
        await asyncio.wait_for(gone.wait(), 5)


async def test_the_app_notices_that_a_client_has_gone() -> None:
    types: list[str] = []
    gone = asyncio.Event()

    async def wait(scope: Any, receive: Any, send: Any) -> None:
        while (message := await receive())["type"] != "http.disconnect":
            types.append(message["type"])
        await reply(send, b"for nobody")
        gone.set()

    async with serving(wait) as served:
        client = await served.client()
        await client.send(REQUEST + b"\r\n")
        client.close()
        await asyncio.wait_for(gone.wait(), 5)
        assert types == ["http.request"]


async def test_a_large_body_waits_for_the_app() -> None:
    """The server reads no more of it than the app does, and all of it arrives."""
    go = asyncio.Event()
    sizes: list[int] = []

    async def read_slowly(scope: Any, receive: Any, send: Any) -> None:
        await go.wait()
        more = True
        while more:
            message = await receive()
            sizes.append(len(message["body"]))
            more = message["more_body"]
        await reply(send, b"%d" % sum(sizes))

    size = 8 * 1024 * 1024
    async with serving(read_slowly) as served:
        client = await served.client()
        sending = asyncio.create_task(client.send(REQUEST + b"content-length: %d\r\n\r\n" % size, b"x" * size))
        await asyncio.sleep(0.05)
        go.set()
        await sending
        assert await client.body() == b"%d" % size
        assert max(sizes) < 1024 * 1024


async def test_a_reply_waits_for_a_client_that_reads_slowly() -> None:
    sent: list[int] = []
    full = asyncio.Event()

    async def pour(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for number in range(400):
            asyncio.get_running_loop().call_later(0.05, full.set)
            await send({"type": "http.response.body", "body": b"x" * 100_000, "more_body": True})
            sent.append(number)
        await send({"type": "http.response.body", "body": b""})

    async with serving(pour) as served:
        client = await served.client()
        client.stop_reading()
        await client.send(REQUEST + b"connection: close\r\n\r\n")
        await full.wait()
        assert len(sent) < 400
