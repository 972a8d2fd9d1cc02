"""One request and its reply, on a line that only takes down what is written."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from turnout.engine import DRAINED
from turnout.errors import Overloaded
from turnout.server.http.exchange import Exchange

LARGE = 64 * 1024
GONE = {"type": "http.disconnect"}


class Line:
    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.writing_paused = False
        self.closing_soon = False
        self.may_go_on = asyncio.Event()
        self.written: list[bytes] = []
        self.pieces: list[tuple[bytes, ...]] = []
        self.taken = 0
        self.ended: list[Exchange] = []
        self.was_cut = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def write_all(self, *pieces: bytes) -> None:
        self.pieces.append(pieces)

    async def drained(self) -> None:
        await self.may_go_on.wait()

    def body_taken(self) -> None:
        self.taken += 1

    def replied(self, exchange: Exchange) -> None:
        self.ended.append(exchange)

    def cut(self) -> None:
        self.was_cut = True


def exchange(line: Line, method: str = "POST", version: str = "1.1", *, expects: bool = False) -> Exchange:
    scope = {"method": method, "http_version": version, "state": {}}
    return Exchange(line, scope, "10.0.0.1", keep_alive=True, expects_continue=expects)


def whole(line: Line, method: str = "POST", version: str = "1.1") -> Exchange:
    made = exchange(line, method, version)
    made.complete()
    return made


async def begin(it: Exchange, *headers: tuple[bytes, bytes], status: int = 200) -> None:
    await it.send({"type": "http.response.start", "status": status, "headers": headers})


async def say(it: Exchange, body: bytes, *, more: bool = False) -> None:
    await it.send({"type": "http.response.body", "body": body, "more_body": more})


def length(number: int) -> tuple[bytes, bytes]:
    return b"content-length", b"%d" % number


# --- the request -------------------------------------------------------------------------------------


async def test_what_has_come_is_given_at_once() -> None:
    line = Line()
    it = exchange(line)
    it.feed(b"a")
    it.feed(b"b")
    assert it.buffered == 2
    assert await it.receive() == {"type": "http.request", "body": b"ab", "more_body": True}
    assert (it.buffered, line.taken) == (0, 1)
    it.feed(b"c")
    it.complete()
    assert await it.receive() == {"type": "http.request", "body": b"c", "more_body": False}


async def test_an_end_that_comes_alone_is_told_once() -> None:
    it = whole(Line())
    assert await it.receive() == {"type": "http.request", "body": b"", "more_body": False}
    waiting = asyncio.ensure_future(it.receive())
    await asyncio.sleep(0)
    assert not waiting.done()
    it.leave()
    assert await waiting == GONE


async def test_who_waits_is_woken_by_the_next_piece() -> None:
    it = exchange(Line())
    waiting = asyncio.ensure_future(it.receive())
    await asyncio.sleep(0)
    it.feed(b"a")
    assert (await asyncio.wait_for(waiting, 5))["body"] == b"a"


async def test_after_the_reply_nothing_of_the_request_is_kept() -> None:
    it = exchange(Line())
    await begin(it, length(0))
    waiting = asyncio.ensure_future(it.receive())
    await asyncio.sleep(0)
    await say(it, b"")
    assert await asyncio.wait_for(waiting, 5) == GONE
    it.feed(b"late")
    assert it.buffered == 0


async def test_what_a_client_that_has_gone_sent_is_not_given() -> None:
    it = exchange(Line())
    it.feed(b"a")
    it.leave()
    it.feed(b"b")
    assert await it.receive() == GONE


async def test_a_client_that_waits_for_100_hears_it_once() -> None:
    line = Line()
    it = exchange(line, expects=True)
    for piece in (b"a", b"b"):
        waiting = asyncio.ensure_future(it.receive())
        await asyncio.sleep(0)
        it.feed(piece)
        await waiting
    assert line.written == [b"HTTP/1.1 100 Continue\r\n\r\n"]


async def test_a_client_that_has_its_reply_hears_no_100() -> None:
    line = Line()
    it = exchange(line, expects=True)
    await begin(it, length(1))
    waiting = asyncio.ensure_future(it.receive())
    await asyncio.sleep(0)
    it.leave()
    await waiting
    assert not any(b"100 Continue" in data for data in line.written)


# --- the reply ---------------------------------------------------------------------------------------


async def test_a_reply_of_a_known_length_goes_out_in_one_piece() -> None:
    line = Line()
    it = whole(line)
    await begin(it, length(2), (b"x-a", b"b"))
    await say(it, b"ok")
    assert line.written == [b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-a: b\r\n\r\nok"]
    assert (it.replied, it.keep_alive, line.ended) == (True, True, [it])
    await asyncio.sleep(0)
    assert len(line.written) == 1


async def test_a_head_goes_out_alone_when_no_body_is_there_at_once() -> None:
    line = Line()
    it = whole(line)
    await begin(it, length(2))
    await asyncio.sleep(0)
    assert line.written == [b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"]
    await say(it, b"ok")
    assert line.written[1:] == [b"ok"]


async def test_a_body_of_unknown_length_comes_in_chunks() -> None:
    line = Line()
    it = whole(line)
    await begin(it)
    await say(it, b"x" * 16, more=True)
    await say(it, b"", more=True)
    await say(it, b"")
    assert line.written[0].endswith(b"transfer-encoding: chunked\r\n\r\n10\r\n" + b"x" * 16 + b"\r\n")
    assert line.written[1:] == [b"0\r\n\r\n"]
    assert it.keep_alive


async def test_the_last_chunk_may_have_a_body() -> None:
    line = Line()
    it = whole(line)
    await begin(it)
    await say(it, b"ab")
    assert line.written[0].endswith(b"\r\n\r\n2\r\nab\r\n0\r\n\r\n")


@pytest.mark.parametrize(("size", "copied"), [(LARGE, True), (LARGE + 1, False)])
async def test_only_a_small_body_is_copied_behind_its_head(size: int, copied: bool) -> None:
    line = Line()
    it = whole(line)
    await begin(it, length(size))
    await say(it, b"x" * size)
    assert len(line.written) == int(copied)
    assert [len(pieces) for pieces in line.pieces] == ([] if copied else [2])


@pytest.mark.parametrize(
    ("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)], ids=["head", "no-content", "not-modified"]
)
async def test_some_replies_have_no_body_whatever_the_app_says(method: str, status: int) -> None:
    line = Line()
    it = whole(line, method)
    await begin(it, length(2), status=status)
    await say(it, b"ok")
    assert line.written[0].endswith(b"content-length: 2\r\n\r\n")
    assert (it.replied, it.keep_alive) == (True, True)


async def test_http_1_0_ends_a_body_of_unknown_length_with_the_connection() -> None:
    line = Line()
    it = whole(line, version="1.0")
    await begin(it)
    await say(it, b"ok")
    assert line.written == [b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nok"]
    assert (it.replied, it.keep_alive) == (True, False)


async def test_a_status_without_a_name_is_sent_by_its_number() -> None:
    line = Line()
    it = whole(line)
    await begin(it, length(0), status=599)
    await say(it, b"")
    assert line.written[0].startswith(b"HTTP/1.1 599 \r\n")


@pytest.mark.parametrize("why", ["unread", "draining", "asked"])
async def test_a_connection_that_is_to_end_says_so(why: str) -> None:
    line = Line()
    line.closing_soon = why == "draining"
    it = exchange(line) if why == "unread" else whole(line)
    await begin(it, length(0), *([(b"connection", b"close")] if why == "asked" else []))
    await say(it, b"")
    assert b"connection: close\r\n" in line.written[0]
    assert not it.keep_alive


async def test_a_reply_waits_until_the_client_has_read() -> None:
    line = Line()
    it = whole(line)
    await begin(it, length(1))
    line.writing_paused = True
    saying = asyncio.ensure_future(say(it, b"x"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not saying.done()
    line.may_go_on.set()
    await asyncio.wait_for(saying, 5)
    assert it.replied


async def test_to_a_client_that_has_gone_nothing_is_sent() -> None:
    line = Line()
    it = whole(line)
    await begin(it, length(1))
    line.writing_paused = True
    it.leave()
    await asyncio.wait_for(say(it, b"x", more=True), 5)
    assert not it.replied
    await asyncio.wait_for(say(it, b"x"), 5)
    assert (it.replied, line.written, line.ended) == (True, [], [])


@pytest.mark.parametrize(
    ("bodies", "problem"),
    [
        pytest.param([b"abc"], "longer than it was announced", id="long"),
        pytest.param([b"a"], "shorter than it was announced", id="short"),
        pytest.param([b"ab", b""], "before its end", id="after-the-end"),
    ],
)
async def test_a_reply_that_is_not_what_it_said_is_a_defect(bodies: list[bytes], problem: str) -> None:
    it = whole(Line())
    await begin(it, length(2))
    for body in bodies[:-1]:
        await say(it, body)
    with pytest.raises(RuntimeError, match=problem):
        await say(it, bodies[-1])


async def test_a_reply_begins_once_and_with_its_head() -> None:
    it = whole(Line())
    with pytest.raises(RuntimeError, match="after the head"):
        await say(it, b"")
    await begin(it, length(0))
    with pytest.raises(RuntimeError, match="has begun already"):
        await begin(it, length(0))


# --- the application ---------------------------------------------------------------------------------


async def failing(_scope: Any, _receive: Any, _send: Any) -> None:
    raise ZeroDivisionError


async def test_a_defect_before_the_reply_is_told_as_500() -> None:
    line = Line()
    it = whole(line)
    with pytest.raises(ZeroDivisionError):
        await it.run(failing)
    (data,) = line.written
    assert data.startswith(b"HTTP/1.1 500 ")
    assert b"content-type: application/json" in data
    assert data.endswith(b'"type": "server_error"}}')
    assert (it.replied, line.was_cut) == (True, False)


async def test_a_defect_in_a_reply_cuts_it() -> None:
    async def begun(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x", "more_body": True})
        raise ZeroDivisionError

    line = Line()
    with pytest.raises(ZeroDivisionError):
        await whole(line).run(begun)
    assert line.was_cut
    assert not any(b" 500 " in data for data in line.written)


async def test_a_defect_for_a_client_that_has_gone_is_told_to_nobody() -> None:
    line = Line()
    it = whole(line)
    it.leave()
    with pytest.raises(ZeroDivisionError):
        await it.run(failing)
    assert line.written == []


async def test_an_application_that_says_nothing_has_its_connection_cut() -> None:
    async def silent(_scope: Any, _receive: Any, _send: Any) -> None: ...

    line = Line()
    await whole(line).run(silent)
    assert line.was_cut


@pytest.mark.parametrize("is_whole", [True, False], ids=["whole", "coming"])
async def test_who_is_stopped_is_cancelled_with_the_reason(is_whole: bool) -> None:
    """A request that has come whole is in the ledger: there it says why it ended."""
    began, reasons = asyncio.Event(), []

    async def waits(_scope: Any, _receive: Any, _send: Any) -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError as cancelled:
            reasons.append(cancelled.args)
            raise

    it = whole(Line()) if is_whole else exchange(Line())
    it.task = asyncio.create_task(it.run(waits))
    await began.wait()
    error = Overloaded("No.")
    it.stop(error)
    with pytest.raises(asyncio.CancelledError):
        await it.task
    assert it.scope["state"]["refuse_with"] is error
    assert reasons == [(DRAINED,) if is_whole else ()]


async def test_who_has_not_begun_is_told_and_not_cancelled() -> None:
    seen = []

    async def looks(scope: Any, _receive: Any, send: Any) -> None:
        seen.append(scope["state"].get("refuse_with"))
        await send({"type": "http.response.start", "status": 503, "headers": [length(0)]})
        await send({"type": "http.response.body", "body": b""})

    it = whole(Line())
    error = Overloaded("No.")
    it.stop(error)
    assert it.scope["state"] == {}  # nobody answers it yet
    it.task = asyncio.create_task(it.run(looks))
    it.stop(error)
    await it.task
    assert seen == [error]
    it.scope["state"].clear()
    it.stop(error)
    assert it.scope["state"] == {}  # it has been answered
