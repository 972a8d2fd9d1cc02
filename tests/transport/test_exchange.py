"""Requests and replies in every form that HTTP/1.1 allows, cut at any byte."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.support.packing import PACK, raw_deflate
from tests.support.raw_upstream import RawUpstream, Script, Visit, chunked, ok, replying
from turnout.core import WireRequest
from turnout.errors import UpstreamBroken, UpstreamUnreachable
from turnout.transport import Response, Transport

pytestmark = pytest.mark.asyncio(loop_scope="function")

CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
LIMIT = 10_000_000


@asynccontextmanager
async def transport() -> AsyncIterator[Transport]:
    opened = Transport()
    try:
        yield opened
    finally:
        await opened.close()


def request(server: RawUpstream, body: bytes = b"{}", **headers: str) -> WireRequest:
    return WireRequest(server.url, {"content-type": "application/json", **headers}, body)


@asynccontextmanager
async def response_to(*scripts: Script) -> AsyncIterator[Response]:
    async with RawUpstream(*scripts) as server, transport() as client:
        yield await client.send(request(server), 5)


async def body_of(*pieces: bytes, close: bool = False) -> bytes:
    async with response_to(replying(*pieces, close=close)) as response:
        return await response.read_all(LIMIT)


async def test_the_request_is_sent_as_it_is() -> None:
    async with RawUpstream(replying(ok())) as server, transport() as client:
        await client.send(WireRequest(f"{server.origin}/a%20b?c=d", {"x-key": "sk", "x-empty": ""}, b"\x00body"), 5)
        head, _, body = server.requests[0].partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        assert lines[0] == "POST /a%20b?c=d HTTP/1.1"
        assert sorted(lines[1:]) == [
            "accept-encoding: identity",
            "accept: */*",
            "content-length: 5",
            f"host: 127.0.0.1:{server.port}",
            "user-agent: turnout",
            "x-empty: ",
            "x-key: sk",
        ]
        assert body == b"\x00body"


async def test_a_user_in_the_address_goes_before_a_key_in_the_same_header() -> None:
    async with RawUpstream(replying(ok())) as server, transport() as client:
        url = server.url.replace("http://", "http://user:secret@")
        for headers in ({"Authorization": "Bearer sk"}, {"authorization": "Bearer sk", "x-api-key": "sk"}, {}):
            await (await client.send(WireRequest(url, headers, b""), 5)).read_all(LIMIT)
        lines = [request.split(b"\r\n\r\n")[0].split(b"\r\n") for request in server.requests]
        sent = [[line for line in head if line.lower().startswith(b"authorization:")] for head in lines]
        assert sent == [[b"authorization: Basic dXNlcjpzZWNyZXQ="]] * 3
        assert b"x-api-key: sk" in lines[1]


async def test_a_get_has_no_body() -> None:
    async with RawUpstream(replying(ok())) as server, transport() as client:
        response = await client.send(WireRequest(server.url, {}, b"", "GET"), 5)
        assert await response.read_all(LIMIT) == b"ok"
        assert server.requests[0].startswith(b"GET /v1/chat/completions HTTP/1.1\r\n")


@pytest.mark.parametrize("size", [255 * 1024, 256 * 1024, 32_000_000], ids=["small", "limit", "32MB"])
async def test_a_body_of_any_size_arrives(size: int) -> None:
    body = bytes(range(256)) * (size // 256)
    async with RawUpstream(replying(ok())) as server, transport() as client:
        response = await client.send(request(server, body), 5)
        assert await response.read_all(LIMIT) == b"ok"
        assert server.requests[0].endswith(body)


async def test_status_and_headers_are_told() -> None:
    head = b"HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\nX-Odd:  a\xe9b \r\ncontent-length: 4\r\n\r\nwait"
    async with response_to(replying(head)) as response:
        assert response.status == 429
        assert response.headers["retry-after"] == "7"
        assert response.headers["x-odd"] == "aéb"
        assert await response.read_all(LIMIT) == b"wait"


@pytest.mark.parametrize(
    ("reply", "body"),
    [
        pytest.param(ok(b"hello"), b"hello", id="length"),
        pytest.param(ok(b""), b"", id="empty"),
        pytest.param(CHUNKED + chunked(b"he", b"llo"), b"hello", id="chunked"),
        pytest.param(CHUNKED + b"5;name=value\r\nhello\r\n0\r\n\r\n", b"hello", id="chunk-extension"),
        pytest.param(CHUNKED + b"0005\r\nhello\r\n000\r\n\r\n", b"hello", id="chunk-size-with-zeros"),
        pytest.param(CHUNKED + b"5\r\nhello\r\n0\r\nx-trailer: a\r\n\r\n", b"hello", id="trailer"),
        pytest.param(CHUNKED.replace(b"chunked", b"Chunked") + chunked(b"hello"), b"hello", id="chunked-in-capitals"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" + ok(b"hello"), b"hello", id="continue"),
        pytest.param(
            b"HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + ok(b"hello"),
            b"hello",
            id="early-hints",
        ),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", b"", id="no-content"),
        pytest.param(b"HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n", b"", id="not-modified"),
        pytest.param(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhello", b"hello", id="close"),
        pytest.param(b"HTTP/1.0 200 OK\r\ncontent-length: 5\r\n\r\nhello", b"hello", id="http-1.0"),
        pytest.param(b"HTTP/1.1 200\r\ncontent-length: 5\r\n\r\nhello", b"hello", id="no-reason"),
    ],
)
async def test_bodies(reply: bytes, body: bytes) -> None:
    """Sent at once, and byte by byte."""
    assert await body_of(reply) == body
    async with response_to(slowly(reply)) as response:
        assert await response.read_all(LIMIT) == body


def slowly(reply: bytes) -> Script:
    """Sends one byte in each turn of the loop."""

    async def script(visit: Visit) -> None:
        await visit.request()
        for at in range(len(reply)):
            await visit.send(reply[at : at + 1])
            await asyncio.sleep(0)
        await visit.request()

    return script


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n", id="http-1.1"),
        pytest.param(b"HTTP/1.0 200 OK\r\n\r\n", id="http-1.0"),
        pytest.param(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/event-stream\r\n\r\n", id="close"),
    ],
)
async def test_a_body_may_end_with_the_connection(head: bytes) -> None:
    assert await body_of(head, b"he", b"llo", close=True) == b"hello"
    assert await body_of(head, close=True) == b""


@pytest.mark.parametrize(
    ("reply", "what"),
    [
        pytest.param(ok(b"hello")[:-1], "broke off in the middle", id="length"),
        pytest.param(CHUNKED + b"5\r\nhello\r\n", "broke off in the middle", id="no-last-chunk"),
        pytest.param(CHUNKED + b"5\r\nhel", "broke off in the middle", id="in-a-chunk"),
        pytest.param(CHUNKED + b"5\r\nhello\r\n0\r\n", "broke off in the middle", id="in-the-last-chunk"),
        pytest.param(CHUNKED + b"5\r\nhello\r\nzz\r\n", "isn't HTTP", id="bad-chunk-size"),
        pytest.param(CHUNKED + b"5\r\nhello!\r\n", "isn't HTTP", id="chunk-too-long"),
        pytest.param(CHUNKED + b"ffffffffffffffffffff\r\n", "isn't HTTP", id="absurd-chunk-size"),
    ],
)
async def test_a_body_that_was_cut_is_an_error_and_never_an_end(reply: bytes, what: str) -> None:
    async with response_to(replying(reply, close=True)) as response:
        with pytest.raises(UpstreamBroken, match=what):
            await response.read_all(LIMIT)


async def test_what_came_before_the_cut_is_given() -> None:
    async with response_to(replying(CHUNKED + b"5\r\nhello\r\n", close=True)) as response:
        assert await response.read() == b"hello"
        with pytest.raises(UpstreamBroken, match="broke off in the middle"):
            await response.read()


async def test_a_reset_in_the_body_is_an_error() -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(b"HTTP/1.1 200 OK\r\n\r\nhello")
        await asyncio.sleep(0.05)
        visit.reset()

    async with response_to(script) as response:
        assert await response.read() == b"hello"
        with pytest.raises(UpstreamBroken, match="broke off in the middle"):
            await response.read()


@pytest.mark.parametrize(
    ("reply", "error", "what"),
    [
        pytest.param(b"", UpstreamUnreachable, "closed the connection before it answered", id="nothing"),
        pytest.param(b"HTTP/1.1 200 OK\r\nx: ", UpstreamUnreachable, "closed the connection", id="half-a-head"),
        pytest.param(
            b"HTTP/1.1 100 Continue\r\n\r\n", UpstreamUnreachable, "closed the connection", id="only-continue"
        ),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n", UpstreamBroken, "isn't HTTP", id="another-protocol"),
        pytest.param(b"\x15\x03\x01\x00\x02\x02\x16", UpstreamBroken, "isn't HTTP", id="tls-alert"),
        pytest.param(b"HTTP/1.1 banana\r\n\r\n", UpstreamBroken, "isn't HTTP", id="no-status"),
        pytest.param(b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", UpstreamBroken, "isn't HTTP", id="bad-header"),
        pytest.param(b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n", UpstreamBroken, "isn't HTTP", id="bad-length"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\ncontent-length: " + b"9" * 30 + b"\r\n\r\n",
            UpstreamBroken,
            "isn't HTTP",
            id="huge-length",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
            UpstreamBroken,
            "isn't HTTP",
            id="two-lengths",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            UpstreamBroken,
            "isn't HTTP",
            id="length-and-chunks",
        ),
        pytest.param(
            b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
            UpstreamBroken,
            "another protocol",
            id="upgrade",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\n" + b"x-bomb: " + b"x" * 200_000,
            UpstreamBroken,
            "more than 65536 bytes",
            id="header-bomb",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 50_000, UpstreamBroken, "more than 65536 bytes", id="many-headers"
        ),
        pytest.param(
            b"HTTP/1.1 100 Continue\r\n\r\n" * 5_000, UpstreamBroken, "more than 65536 bytes", id="endless-continue"
        ),
    ],
)
async def test_what_is_no_reply(reply: bytes, error: type[Exception], what: str) -> None:
    async with RawUpstream(replying(reply, close=True)) as server, transport() as client:
        with pytest.raises(error, match=what) as caught:
            await client.send(request(server), 5)
        assert server.origin in str(caught.value)
        assert len(server.visits) == 1


async def test_a_reset_before_the_reply_is_an_error() -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        visit.reset()

    async with RawUpstream(script) as server, transport() as client:
        with pytest.raises(UpstreamUnreachable, match="closed the connection before it answered"):
            await client.send(request(server), 5)


async def test_a_trailer_is_no_header_and_may_not_be_endless() -> None:
    """Bytes outside of a body are bounded, also after it."""
    trailer = CHUNKED + b"5\r\nhello\r\n0\r\ncontent-encoding: br\r\nx: y\r\n"
    async with response_to(replying(trailer + b"\r\n")) as response:
        assert await response.read_all(LIMIT) == b"hello"
        assert set(response.headers) == {"transfer-encoding"}
    async with response_to(replying(trailer, *[b"x: " + b"y" * 8_000 + b"\r\n"] * 10)) as response:
        with pytest.raises(UpstreamBroken, match="more than 65536 bytes"):
            await response.read_all(LIMIT)


async def test_a_chunk_extension_may_not_be_endless() -> None:
    async with response_to(replying(CHUNKED + b"5;", *[b"x" * 20_000] * 5)) as response:
        with pytest.raises(UpstreamBroken, match="more than 65536 bytes"):
            await response.read_all(LIMIT)


async def test_a_long_body_in_tiny_chunks_is_no_long_head() -> None:
    pieces = [b"".join(b"1\r\nx\r\n" for _ in range(4_000)) for _ in range(5)]
    assert await body_of(CHUNKED, *pieces, b"0\r\n\r\n") == b"x" * 20_000


async def test_pieces_are_given_as_they_come() -> None:
    """A piece is given at once, even before its chunk has ended."""
    go_on = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(CHUNKED + b"a\r\nhello")
        await go_on.wait()
        await visit.send(b"world\r\n0\r\n\r\n")

    async with response_to(script) as response:
        assert await response.read() == b"hello"
        go_on.set()
        assert await response.read() == b"world"
        assert await response.read() == b""
        assert await response.read() == b""


async def test_only_as_much_is_read_as_is_asked_for() -> None:
    async with response_to(replying(ok(b"x" * 1_000_000))) as response:
        assert await response.read_all(1000) == b"x" * 1000


async def test_what_comes_in_pieces_is_read_up_to_the_last_byte_that_is_asked_for() -> None:
    async with response_to(replying(ok(b"ab")[:-1], b"b")) as response:
        assert await response.read_all(2) == b"ab"


# --- compression, which nobody asked for -------------------------------------------------------------

TEXT = b"data: hello\n\n" * 1000


def packed(data: bytes, encoding: str) -> bytes:
    return ok(data, f"content-encoding: {encoding}")


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(packed(gzip.compress(TEXT), "gzip"), id="gzip"),
        pytest.param(packed(gzip.compress(TEXT), "GZip"), id="gzip-in-capitals"),
        pytest.param(packed(gzip.compress(TEXT), "x-gzip"), id="x-gzip"),
        pytest.param(packed(gzip.compress(TEXT[:99]) + gzip.compress(TEXT[99:]), "gzip"), id="members"),
        pytest.param(packed(zlib.compress(TEXT), "deflate"), id="deflate"),
        pytest.param(packed(raw_deflate(TEXT), "deflate"), id="deflate-without-zlib"),
        pytest.param(packed(PACK["zstd"](TEXT), "zstd"), id="zstd"),
        pytest.param(packed(PACK["br"](TEXT), "br"), id="br"),
        pytest.param(packed(gzip.compress(TEXT), "identity, gzip"), id="identity-and-gzip"),
        pytest.param(packed(PACK["br"](gzip.compress(TEXT)), "gzip, br"), id="two-codings"),
        pytest.param(
            ok(PACK["br"](gzip.compress(TEXT)), "content-encoding: gzip", "content-encoding: br"), id="two-lines"
        ),
        pytest.param(packed(TEXT, "identity"), id="identity"),
        pytest.param(packed(TEXT, "Identity"), id="identity-in-capitals"),
        pytest.param(packed(TEXT, "none"), id="none"),
        pytest.param(packed(TEXT, "UTF-8"), id="a-charset"),
        pytest.param(packed(TEXT, "x-no-coding"), id="not-registered"),
        pytest.param(packed(TEXT, ""), id="no-name"),
    ],
)
async def test_a_compressed_body_is_unpacked(reply: bytes) -> None:
    assert await body_of(reply) == TEXT
    assert await body_of(*[reply[:90], reply[90:100], reply[100:]]) == TEXT


async def test_a_compressed_stream_is_unpacked_piece_by_piece() -> None:
    packer = zlib.compressobj(wbits=31)
    first = packer.compress(b"data: a\n\n") + packer.flush(zlib.Z_SYNC_FLUSH)
    second = packer.compress(b"data: b\n\n") + packer.flush()
    go_on = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(
            CHUNKED.replace(b"\r\n\r\n", b"\r\ncontent-encoding: gzip\r\n\r\n") + b"%x\r\n%b\r\n" % (len(first), first)
        )
        await go_on.wait()
        await visit.send(chunked(second))

    async with response_to(script) as response:
        assert await response.read() == b"data: a\n\n"
        go_on.set()
        assert await response.read_all(LIMIT) == b"data: b\n\n"


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(packed(b"not packed at all", "gzip"), id="not-packed"),
        pytest.param(packed(gzip.compress(TEXT)[:-10], "gzip"), id="cut"),
        pytest.param(packed(gzip.compress(TEXT)[:30] + b"garbage" * 20, "gzip"), id="garbage-within"),
        pytest.param(packed(gzip.compress(TEXT) + b"more", "gzip"), id="more-after-the-end"),
    ],
)
async def test_what_can_not_be_unpacked_is_broken(reply: bytes) -> None:
    with pytest.raises(UpstreamBroken, match="can't be unpacked"):
        await body_of(reply)


@pytest.mark.parametrize("encoding", ["compress", "dcz", "gzip, exi"])
async def test_an_unknown_encoding_is_refused(encoding: str) -> None:
    async with RawUpstream(replying(packed(b"x", encoding))) as server, transport() as client:
        with pytest.raises(UpstreamBroken, match=f"answered in '{encoding}'"):
            await client.send(request(server), 5)
        await asyncio.wait_for(server.visits[0].left.wait(), 5)


async def test_a_bomb_is_unpacked_as_it_is_read() -> None:
    """100 MB came as 100 KB: each piece stays small, and other tasks run in between."""
    async with response_to(replying(packed(gzip.compress(b"\0" * 100_000_000, 1), "gzip"))) as response:
        size = largest = turns = 0

        async def other() -> None:
            nonlocal turns
            while size < 100_000_000:
                turns += 1
                await asyncio.sleep(0)

        asyncio.get_running_loop().create_task(other())  # ends by itself
        while piece := await response.read():
            size += len(piece)
            largest = max(largest, len(piece))
        assert size == 100_000_000
        assert largest <= 1_000_000
        assert turns > 100
