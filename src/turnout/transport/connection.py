"""One connection to an upstream."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from typing import cast

import httptools

from turnout.errors import ReplyTooLarge, UpstreamBroken, UpstreamError, UpstreamTimeout

from .mapping import FOREIGN, PARSER_ERRORS, upstream_error

HEAD_LIMIT = 64 * 1024
"""Bytes in a row that don't belong to a body: status line and headers, chunk extensions, trailers."""

_BUFFER_LIMIT = 256 * 1024  # unread bytes, beyond which the connection stops reading from the provider


class Connection(asyncio.Protocol):
    """Carries one exchange at a time. ``reply_begun`` tells whether a byte of its reply has come."""

    def __init__(self, origin: str, on_lost: Callable[[Connection], None]) -> None:
        self.origin = origin
        self.pool_key: Hashable = origin
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._paused = False
        self._write_buffer_full = False  # the event loop has called ``pause_writing``
        self.idle_since = 0.0
        self._reset()

    def _reset(self) -> None:
        self._chunks: list[bytes] = []
        self._buffered = 0
        self._bytes_since_body = 0
        self._head_complete = False
        self._complete = False
        self._keep_alive = False
        self._error: UpstreamError | None = None
        self.status = 0
        self.headers: dict[str, str] = {}
        self.reply_begun = False

    @property
    def open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    @property
    def reusable(self) -> bool:
        """Whether another exchange may follow."""
        return self._complete and self._keep_alive and self._transport is not None

    @property
    def _body_ends_at_close(self) -> bool:
        """A body without a length ends when the connection is closed."""
        return "content-length" not in self.headers and "transfer-encoding" not in self.headers

    # --- what the pool and the response call ---

    def send(self, head: bytes, body: bytes) -> None:
        """Begins an exchange. Raises ``ConnectionResetError`` when the connection is closed."""
        transport = self._transport
        if transport is None:
            raise ConnectionResetError
        self._reset()
        self._parser = httptools.HttpResponseParser(self)
        if len(body) < _BUFFER_LIMIT:
            transport.write(head + body)  # one piece, one packet
        else:
            transport.writelines((head, body))

    async def drain(self, stall_timeout: float | None) -> None:
        """Waits until the write buffer is small again, or the reply's head has come.

        Raises ``UpstreamTimeout`` when the provider reads nothing for ``stall_timeout`` seconds.
        """
        while (
            self._write_buffer_full and not self._head_complete and self._error is None and self._transport is not None
        ):
            unsent = self._transport.get_write_buffer_size()
            try:
                async with asyncio.timeout(stall_timeout):
                    await self._wait()
            except TimeoutError:
                if self._transport is not None and self._transport.get_write_buffer_size() == unsent:
                    raise UpstreamTimeout(
                        f"{self.origin} did not take the request: {unsent} bytes of it are left.", "timeouts.stall"
                    ) from None

    async def head(self) -> None:
        """Waits for the reply's status and headers."""
        while not self._head_complete:
            if self._error is not None:
                raise self._error.afresh()
            await self._wait()

    async def read(self) -> bytes:
        """The next piece of the body; empty at its end."""
        while True:
            if self._chunks:
                return self._take()
            if self._error is not None:
                raise self._error.afresh()
            if self._complete:
                return b""
            await self._wait()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _take(self) -> bytes:
        data = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        self._buffered = 0
        if self._paused and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()
        return data

    async def _wait(self) -> None:
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _fail(self, error: UpstreamError) -> None:
        if self._error is None and not self._complete:
            self._error = error
        self.close()
        self._wake()

    # --- what the event loop calls ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._parser = httptools.HttpResponseParser(self)

    def data_received(self, data: bytes) -> None:
        if self._complete or self._error is not None:
            self.close()  # no request is open that this could answer
            return
        self.reply_begun = True
        self._bytes_since_body += len(data)
        try:
            self._parser.feed_data(data)
        except PARSER_ERRORS as error:
            self._fail(upstream_error(error, self.origin))
        if self._bytes_since_body > HEAD_LIMIT:
            self._fail(ReplyTooLarge(f"{self.origin} sent more than {HEAD_LIMIT} bytes of headers."))

    def pause_writing(self) -> None:
        self._write_buffer_full = True

    def resume_writing(self) -> None:
        self._write_buffer_full = False
        self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        if self._transport is not None:  # a tunnel can be lost before its connection is made
            del self._parser  # breaks a reference cycle
        self._transport = None
        if self._head_complete and not self._complete and self._body_ends_at_close and error is None:
            self._complete = True
        elif not self._complete and self._error is None:
            self._error = self._connection_error(error)
        self._wake()
        self._on_lost(self)

    def _connection_error(self, error: Exception | None) -> UpstreamError:
        if self._head_complete:
            return UpstreamBroken(f"{self.origin} broke off in the middle of its answer.")
        return upstream_error(error if isinstance(error, FOREIGN) else ConnectionResetError(), self.origin)

    # --- what the parser calls ---

    def on_message_begin(self) -> None:
        if self._complete:
            raise ValueError("a second reply")

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._head_complete:  # afterwards it is a trailer
            key, text = name.decode("latin-1").lower(), value.decode("latin-1").strip()
            if key == "content-encoding" and key in self.headers:
                text = f"{self.headers[key]}, {text}"  # lines of one name are one list (RFC 9110, 5.3)
            self.headers[key] = text

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()
        if self.status >= 200:
            self._head_complete = True
            self._wake()

    def on_body(self, body: bytes) -> None:
        self._chunks.append(body)
        self._buffered += len(body)
        self._bytes_since_body = 0
        if self._buffered > _BUFFER_LIMIT and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def on_message_complete(self) -> None:
        if self.status < 200:  # 100 Continue, 103 Early Hints; the real reply follows
            self.headers = {}
            return
        self._complete = True
        self._keep_alive = self._parser.should_keep_alive() and not self._body_ends_at_close
        self._wake()
