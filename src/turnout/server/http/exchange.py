"""One request and its reply, with ASGI's ``receive`` and ``send`` for the application."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any, Final, Protocol

from turnout.engine import DRAINED
from turnout.errors import TurnoutError

ASGIApp = Callable[[Any, Any, Any], Awaitable[None]]

_DISCONNECT: Final = {"type": "http.disconnect"}
_LARGE: Final = 64 * 1024  # bytes; a larger body is not copied into one piece with its head
_STATUS_LINES: Final = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}
_BODILESS: Final = frozenset({204, 304})
_FAILURE_BODY: Final = b'{"error": {"message": "Turnout failed. Its log says more.", "type": "server_error"}}'


class ExchangeConnection(Protocol):
    """The connection of an exchange: the part of it that the exchange uses."""

    loop: asyncio.AbstractEventLoop
    writing_paused: bool
    """The client reads too slowly: wait for ``drained`` before you write more."""

    @property
    def closing_soon(self) -> bool:
        """Whether the connection ends with the reply."""
        ...

    def write(self, data: bytes) -> None: ...

    def write_all(self, *pieces: bytes) -> None: ...

    async def drained(self) -> None:
        """Returns when more may be written, or the client has gone."""
        ...

    def body_taken(self) -> None:
        """The application has read all that came of the body, so the connection may read more of it."""
        ...

    def end_reply(self, exchange: Exchange) -> None:
        """``exchange`` has its whole reply."""
        ...

    def abort(self) -> None:
        """Ends the connection at once, also in the middle of a reply."""
        ...


class Exchange:
    """``request_complete``: all of the request is here. ``reply_complete``: all of the reply was written.

    ``task`` runs the application for it.
    """

    __slots__ = (
        "_chunked",
        "_connection",
        "_delivered",
        "_expects_continue",
        "_head",
        "_pieces",
        "_running",
        "_to_send",
        "_waiter",
        "buffered",
        "client",
        "client_gone",
        "keep_alive",
        "reply_complete",
        "request_complete",
        "scope",
        "started",
        "task",
    )

    def __init__(
        self,
        connection: ExchangeConnection,
        scope: MutableMapping[str, Any],
        client: str,
        *,
        keep_alive: bool,
        expects_continue: bool,
    ) -> None:
        self.scope = scope
        self.client = client
        self.keep_alive = keep_alive
        self.request_complete = False
        self.client_gone = False
        self.started = False
        self.reply_complete = False
        self.task: asyncio.Task[None] | None = None
        self.buffered = 0
        self._connection = connection
        self._expects_continue = expects_continue
        self._running = False
        self._pieces: list[bytes] = []
        self._delivered = False  # the application has all of the request
        self._waiter: asyncio.Future[None] | None = None
        self._head = b""  # the reply's head, until it is sent with the first piece of the body
        self._chunked = False
        self._to_send = 0  # bytes of the announced body that are not yet written

    # --- the connection calls these ---

    def feed(self, piece: bytes) -> None:
        if self.reply_complete or self.client_gone:
            return  # the application reads no more of the request
        self._pieces.append(piece)
        self.buffered += len(piece)
        self._wake()

    def complete(self) -> None:
        self.request_complete = True
        self._wake()

    def disconnect(self) -> None:
        """The client has gone."""
        self.client_gone = True
        self._pieces.clear()
        self._wake()

    def stop(self, error: TurnoutError) -> None:
        """Makes the application send ``error`` in place of its reply, or of the rest of its reply."""
        if self.task is None or self.reply_complete:
            return
        self.scope["state"]["refuse_with"] = error
        if self._running:  # else the application reads the state before it begins
            self.task.cancel(DRAINED if self.request_complete else None)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # --- the application calls these ---

    async def receive(self) -> dict[str, Any]:
        while not self.client_gone and not self.reply_complete:
            if self._pieces or (self.request_complete and not self._delivered):
                return self._next_piece()
            if self._expects_continue and not self.started:
                self._expects_continue = False
                self._connection.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._waiter = self._connection.loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return _DISCONNECT

    def _next_piece(self) -> dict[str, Any]:
        pieces = self._pieces
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        self._delivered = self.request_complete
        self.buffered = 0
        self._connection.body_taken()
        return {"type": "http.request", "body": body, "more_body": not self.request_complete}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self._start(message["status"], message.get("headers", ()))
        else:
            if self._connection.writing_paused and not self.client_gone:
                await self._connection.drained()
            self._send_body(message.get("body", b""), last=not message.get("more_body", False))

    def _start(self, status: int, headers: Any) -> None:
        if self.started:
            raise RuntimeError("this reply has begun already")
        self.started = True
        if not self.request_complete or self._connection.closing_soon:
            self.keep_alive = False  # the rest of the request isn't read, so the next one can't be found
        length: int | None = None
        lines = [_STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status]
        for name, value in headers:
            lines.append(b"%b: %b\r\n" % (name, value))
            if name == b"content-length":
                length = int(value)
            elif name == b"connection" and value == b"close":
                self.keep_alive = False
        self._frame(status, length, lines)
        if not self.keep_alive:
            lines.append(b"connection: close\r\n")
        head = b"".join(lines)
        if head.count(b"\n") != len(lines) or head.count(b"\r") != len(lines):
            raise ValueError("a header of the reply holds a line break")
        self._head = head + b"\r\n"
        self._connection.loop.call_soon(self._send_head)  # unless the body's first piece comes before that

    def _frame(self, status: int, length: int | None, lines: list[bytes]) -> None:
        """Chooses how the client finds the end of the body, and adds the header for it."""
        if self.scope["method"] == "HEAD" or status in _BODILESS:
            self._to_send = -1
        elif length is not None:
            self._to_send = length
        elif self.scope["http_version"] == "1.1":
            self._chunked = True
            lines.append(b"transfer-encoding: chunked\r\n")
        else:  # HTTP/1.0 has no chunks: the body ends with the connection
            self._chunked = False
            self._to_send = 1 << 62
            self.keep_alive = False

    def _send_head(self) -> None:
        if self._head and not self.client_gone:
            head, self._head = self._head, b""
            self._connection.write(head)

    def _send_body(self, body: bytes, *, last: bool) -> None:
        if not self.started or self.reply_complete:
            raise RuntimeError("a body belongs after the head of a reply, and before its end")
        if self.client_gone:
            self.reply_complete = last
            return
        head, self._head = self._head, b""
        if self._chunked:
            body = self._as_chunk(body, last=last)
        elif self._to_send < 0:
            body = b""
        else:
            self._to_send -= len(body)
            if self._to_send < 0:
                raise RuntimeError("the reply's body is longer than it was announced")
        if len(body) > _LARGE:
            self._connection.write_all(head, body)
        elif head or body:
            self._connection.write(head + body)
        if last:
            if 0 < self._to_send < 1 << 61:
                raise RuntimeError("the reply's body is shorter than it was announced")
            self.reply_complete = True
            self._wake()
            self._connection.end_reply(self)

    @staticmethod
    def _as_chunk(body: bytes, *, last: bool) -> bytes:
        if not body:
            return b"0\r\n\r\n" if last else b""
        return b"%x\r\n%b\r\n%b" % (len(body), body, b"0\r\n\r\n" if last else b"")

    async def run(self, app: ASGIApp) -> None:
        """Runs the application. A reply without an end aborts the connection, so that it doesn't look complete."""
        self._running = True
        try:
            await app(self.scope, self.receive, self.send)
        except BaseException:
            if not self.started and not self.client_gone:
                self._start(
                    500, [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(_FAILURE_BODY))]
                )
                self._send_body(_FAILURE_BODY, last=True)
            raise
        finally:
            if not self.reply_complete:
                self._connection.abort()
