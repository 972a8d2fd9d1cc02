"""One request and its reply, on a connection that records what is written."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from turnout.engine import DRAINED
from turnout.errors import Overloaded
from turnout.server.http.exchange import Exchange

LARGE = 64 * 1024
DISCONNECT = {"type": "http.disconnect"}


class RecordingConnection:
    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.writing_paused = False
        self.closing_soon = False
        self.may_go_on = asyncio.Event()
        self.written: list[bytes] = []
        self.pieces: list[tuple[bytes, ...]] = []
        self.taken = 0
        self.ended_replies: list[Exchange] = []
        self.was_aborted = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def write_all(self, *pieces: bytes) -> None:
        self.pieces.append(pieces)

    async def drained(self) -> None:
        await self.may_go_on.wait()

    def body_taken(self) -> None:
        self.taken += 1

    def end_reply(self, exchange: Exchange) -> None:
        self.ended_replies.append(exchange)

    def abort(self) -> None:
        self.was_aborted = True


def exchange(
    connection: RecordingConnection, method: str = "POST", version: str = "1.1", *, expects: bool = False
) -> Exchange:
    scope = {"method": method, "http_version": version, "state": {}}
    return Exchange(connection, scope, "10.0.0.1", keep_alive=True, expects_continue=expects)


def complete_exchange(connection: RecordingConnection, method: str = "POST", version: str = "1.1") -> Exchange:
    new = exchange(connection, method, version)
    new.complete()
    return new


async def start_reply(request_: Exchange, *headers: tuple[bytes, bytes], status: int = 200) -> None:
    await request_.send({"type": "http.response.start", "status": status, "headers": headers})


async def send_body(request_: Exchange, body: bytes, *, more: bool = False) -> None:
    await request_.send({"type": "http.response.body", "body": body, "more_body": more})


def length(number: int) -> tuple[bytes, bytes]:
    return b"content-length", b"%d" % number


# --- the request -------------------------------------------------------------------------------------


async def test_all_that_has_come_is_received_at_once() -> None:
    connection = RecordingConnection()
    request_ = exchange(connection)
    request_.feed(b"a")
    request_.feed(b"b")
    assert request_.buffered == 2
    assert await request_.receive() == {"type": "http.request", "body": b"ab", "more_body": True}
    assert (request_.buffered, connection.taken) == (0, 1)
    request_.feed(b"c")
    request_.complete()
    assert await request_.receive() == {"type": "http.request", "body": b"c", "more_body": False}


async def test_an_end_without_bytes_is_received_once() -> None:
    request_ = complete_exchange(RecordingConnection())
    assert await request_.receive() == {"type": "http.request", "body": b"", "more_body": False}
    waiting = asyncio.ensure_future(request_.receive())
    await asyncio.sleep(0)
    assert not waiting.done()
    request_.disconnect()
    assert await waiting == DISCONNECT


async def test_the_next_piece_wakes_a_waiting_receive() -> None:
    request_ = exchange(RecordingConnection())
    waiting = asyncio.ensure_future(request_.receive())
    await asyncio.sleep(0)
    request_.feed(b"a")
    assert (await asyncio.wait_for(waiting, 5))["body"] == b"a"


async def test_after_the_reply_nothing_of_the_request_is_kept() -> None:
    request_ = exchange(RecordingConnection())
    await start_reply(request_, length(0))
    waiting = asyncio.ensure_future(request_.receive())
    await asyncio.sleep(0)
    await send_body(request_, b"")
    assert await asyncio.wait_for(waiting, 5) == DISCONNECT
    request_.feed(b"late")
    assert request_.buffered == 0


async def test_the_bytes_of_a_client_that_has_gone_are_not_received() -> None:
    request_ = exchange(RecordingConnection())
    request_.feed(b"a")
    request_.disconnect()
    request_.feed(b"b")
    assert await request_.receive() == DISCONNECT


async def test_a_client_that_waits_for_100_gets_it_once() -> None:
    connection = RecordingConnection()
    request_ = exchange(connection, expects=True)
    for piece in (b"a", b"b"):
        waiting = asyncio.ensure_future(request_.receive())
        await asyncio.sleep(0)
        request_.feed(piece)
        await waiting
    assert connection.written == [b"HTTP/1.1 100 Continue\r\n\r\n"]


async def test_a_client_that_has_its_reply_gets_no_100() -> None:
    connection = RecordingConnection()
    request_ = exchange(connection, expects=True)
    await start_reply(request_, length(1))
    waiting = asyncio.ensure_future(request_.receive())
    await asyncio.sleep(0)
    request_.disconnect()
    await waiting
    assert not any(b"100 Continue" in data for data in connection.written)


# --- the reply ---------------------------------------------------------------------------------------


async def test_a_reply_of_a_known_length_goes_out_in_one_piece() -> None:
    connection = RecordingConnection()
    request_ = complete_exchange(connection)
    await start_reply(request_, length(2), (b"x-a", b"b"))
    await send_body(request_, b"ok")
    assert connection.written == [b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-a: b\r\n\r\nok"]
    assert (request_.reply_complete, request_.keep_alive, connection.ended_replies) == (True, True, [request_])
    await asyncio.sleep(0)
    assert len(connection.written) == 1


async def test_a_head_goes_out_alone_when_no_body_is_there_at_once() -> None:
    connection = RecordingConnection()
    request_ = complete_exchange(connection)
    await start_reply(request_, length(2))
    await asyncio.sleep(0)
    assert connection.written == [b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"]
    await send_body(request_, b"ok")
    assert connection.written[1:] == [b"ok"]


async def test_a_body_of_unknown_length_comes_in_chunks() -> None:
    connection = RecordingConnection()
    request_ = complete_exchange(connection)
    await start_reply(request_)
    await send_body(request_, b"x" * 16, more=True)
    await send_body(request_, b"", more=True)
    await send_body(request_, b"")
    assert connection.written[0].endswith(b"transfer-encoding: chunked\r\n\r\n10\r\n" + b"x" * 16 + b"\r\n")
    assert connection.written[1:] == [b"0\r\n\r\n"]
    assert request_.keep_alive


async def test_the_last_chunk_may_have_a_body() -> None:
    connection = RecordingConnection()
    request_ = complete_exchange(connection)
    await start_reply(request_)
    await send_body(request_, b"ab")
    assert connection.written[0].endswith(b"\r\n\r\n2\r\nab\r\n0\r\n\r\n")


@pytest.mark.parametrize(("size", "copied"), [(LARGE, True), (LARGE + 1, False)])
async def test_only_a_small_body_is_copied_behind_its_head(size: int, copied: bool) -> None:
    connection = RecordingConnection()
    request_ = complete_exchange(connection)
    await start_reply(request_, length(size))
    await send_body(request_, b"x" * size)
    assert len(connection.written) == int(copied)
    assert [len(pieces) for pieces in connection.pieces] == ([] if copied else [2])


@pytest.mark.parametrize(
    ("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)], ids=["head", "no-content", "not-modified"]
)
async def test_some_replies_have_no_body_whatever_the_app_says(method: str, status: int) -> None:
    connection = RecordingConnection()
    request_ = complete_exchange(connection, method)
    await start_reply(request_, length(2), status=status)
    await send_body(request_, b"ok")
    assert connection.written[0].endswith(b"content-length: 2\r\n\r\n")
    assert (request_.reply_complete, request_.keep_alive) == (True, True)


async def test_http_1_0_ends_a_body_of_unknown_length_with_the_connection() -> None:
    connection = RecordingConnection()
    request_ = complete_exchange(connection, version="1.0")
    await start_reply(request_)
    await send_body(request_, b"ok")
    assert connection.written == [b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nok"]
    assert (request_.reply_complete, request_.keep_alive) == (True, False)


async def test_a_status_without_a_name_is_sent_by_its_number() -> None:
    connection = RecordingConnection()
    request_ = complete_exchange(connection)
    await start_reply(request_, length(0), status=599)
    await send_body(request_, b"")
    assert connection.written[0].startswith(b"HTTP/1.1 599 \r\n")


@pytest.mark.parametrize("why", ["unread", "draining", "asked"])
async def test_a_connection_that_is_to_end_says_so(why: str) -> None:
    connection = RecordingConnection()
    connection.closing_soon = why == "draining"
    request_ = exchange(connection) if why == "unread" else complete_exchange(connection)
    await start_reply(request_, length(0), *([(b"connection", b"close")] if why == "asked" else []))
    await send_body(request_, b"")
    assert b"connection: close\r\n" in connection.written[0]
    assert not request_.keep_alive


async def test_a_reply_waits_until_the_client_has_read() -> None:
    connection = RecordingConnection()
    request_ = complete_exchange(connection)
    await start_reply(request_, length(1))
    connection.writing_paused = True
    sending = asyncio.ensure_future(send_body(request_, b"x"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not sending.done()
    connection.may_go_on.set()
    await asyncio.wait_for(sending, 5)
    assert request_.reply_complete


async def test_nothing_is_sent_to_a_client_that_has_gone() -> None:
    connection = RecordingConnection()
    request_ = complete_exchange(connection)
    await start_reply(request_, length(1))
    connection.writing_paused = True
    request_.disconnect()
    await asyncio.wait_for(send_body(request_, b"x", more=True), 5)
    assert not request_.reply_complete
    await asyncio.wait_for(send_body(request_, b"x"), 5)
    assert (request_.reply_complete, connection.written, connection.ended_replies) == (True, [], [])


@pytest.mark.parametrize(
    ("bodies", "problem"),
    [
        pytest.param([b"abc"], "longer than it was announced", id="long"),
        pytest.param([b"a"], "shorter than it was announced", id="short"),
        pytest.param([b"ab", b""], "before its end", id="after-the-end"),
    ],
)
async def test_a_reply_of_another_length_than_announced_is_a_defect(bodies: list[bytes], problem: str) -> None:
    request_ = complete_exchange(RecordingConnection())
    await start_reply(request_, length(2))
    for body in bodies[:-1]:
        await send_body(request_, body)
    with pytest.raises(RuntimeError, match=problem):
        await send_body(request_, bodies[-1])


async def test_a_reply_begins_once_and_with_its_head() -> None:
    request_ = complete_exchange(RecordingConnection())
    with pytest.raises(RuntimeError, match="after the head"):
        await send_body(request_, b"")
    await start_reply(request_, length(0))
    with pytest.raises(RuntimeError, match="has begun already"):
        await start_reply(request_, length(0))


# --- the application ---------------------------------------------------------------------------------


async def failing(_scope: Any, _receive: Any, _send: Any) -> None:
    raise ZeroDivisionError


async def test_a_defect_before_the_reply_is_answered_with_500() -> None:
    connection = RecordingConnection()
    request_ = complete_exchange(connection)
    with pytest.raises(ZeroDivisionError):
        await request_.run(failing)
    (data,) = connection.written
    assert data.startswith(b"HTTP/1.1 500 ")
    assert b"content-type: application/json" in data
    assert data.endswith(b'"type": "server_error"}}')
    assert (request_.reply_complete, connection.was_aborted) == (True, False)


async def test_a_defect_in_a_reply_ends_the_connection() -> None:
    async def begun(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x", "more_body": True})
        raise ZeroDivisionError

    connection = RecordingConnection()
    with pytest.raises(ZeroDivisionError):
        await complete_exchange(connection).run(begun)
    assert connection.was_aborted
    assert not any(b" 500 " in data for data in connection.written)


async def test_a_defect_after_the_client_has_gone_writes_nothing() -> None:
    connection = RecordingConnection()
    request_ = complete_exchange(connection)
    request_.disconnect()
    with pytest.raises(ZeroDivisionError):
        await request_.run(failing)
    assert connection.written == []


async def test_a_connection_without_a_reply_is_ended() -> None:
    async def silent(_scope: Any, _receive: Any, _send: Any) -> None: ...

    connection = RecordingConnection()
    await complete_exchange(connection).run(silent)
    assert connection.was_aborted


@pytest.mark.parametrize("complete", [True, False], ids=["complete", "incomplete"])
async def test_a_stopped_request_is_cancelled_with_the_reason(complete: bool) -> None:
    """A complete request is in the ledger, which records why it ended."""
    began, reasons = asyncio.Event(), []

    async def waits(_scope: Any, _receive: Any, _send: Any) -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError as cancelled:
            reasons.append(cancelled.args)
            raise

    request_ = complete_exchange(RecordingConnection()) if complete else exchange(RecordingConnection())
    request_.task = asyncio.create_task(request_.run(waits))
    await began.wait()
    error = Overloaded("No.")
    request_.stop(error)
    with pytest.raises(asyncio.CancelledError):
        await request_.task
    assert request_.scope["state"]["refuse_with"] is error
    assert reasons == [(DRAINED,) if complete else ()]


async def test_a_request_that_is_stopped_before_it_runs_is_refused_and_not_cancelled() -> None:
    seen = []

    async def looks(scope: Any, _receive: Any, send: Any) -> None:
        seen.append(scope["state"].get("refuse_with"))
        await send({"type": "http.response.start", "status": 503, "headers": [length(0)]})
        await send({"type": "http.response.body", "body": b""})

    request_ = complete_exchange(RecordingConnection())
    error = Overloaded("No.")
    request_.stop(error)
    assert request_.scope["state"] == {}  # no application runs for request_ yet
    request_.task = asyncio.create_task(request_.run(looks))
    request_.stop(error)
    await request_.task
    assert seen == [error]
    request_.scope["state"].clear()
    request_.stop(error)
    assert request_.scope["state"] == {}  # request_ has been answered
