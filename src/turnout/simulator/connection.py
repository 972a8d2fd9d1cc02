"""One client's connection: HTTP/1.1 with keep-alive. Its requests are answered one after the other."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Protocol, cast
from urllib.parse import parse_qsl, unquote

import httptools

from .http import Request
from .sender import Sender

MAX_BODY = 64 * 1024 * 1024
MAX_HEADERS = 64 * 1024


class Responder(Protocol):
    async def __call__(self, request: Request, sender: Sender) -> None: ...


class Connection(asyncio.Protocol):
    """Never stops reading, also while it writes, so that it notices at once when the client leaves."""

    def __init__(self, respond: Responder, connections: set[Connection]) -> None:
        self._respond = respond
        self._connections = connections
        self._parser = httptools.HttpRequestParser(self)
        self._writable = asyncio.Event()
        self._writable.set()
        self._waiting: deque[tuple[Request, bool]] = deque()
        self._sender: Sender | None = None
        self.task: asyncio.Task[None] | None = None

    # --- asyncio's side ------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # a TCP server's connections have this type
        self._connections.add(self)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        self._writable.set()
        if self._sender:
            self._sender.client_left = True
        if self.task:
            self.task.cancel()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def abort(self) -> None:
        """Closes the connection from this side."""
        if self.task:
            self.task.cancel()
        self._transport.abort()

    # --- httptools' side -----------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body = bytearray()
        self._size = 0

    def on_url(self, url: bytes) -> None:
        self._url += url
        self._bound(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")
        self._bound(name + value)

    def on_headers_complete(self) -> None:
        if self._headers.get("expect", "").lower() == "100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._body += body
        if len(self._body) > MAX_BODY:
            self._transport.abort()

    def on_message_complete(self) -> None:
        path, _, query = self._url.decode("latin-1").partition("?")
        request = Request(
            method=self._parser.get_method().decode(),
            path=unquote(path),
            query=dict(parse_qsl(query)),
            headers=self._headers,
            body=bytes(self._body),
        )
        self._waiting.append((request, self._parser.should_keep_alive()))
        if self.task is None:
            self.task = asyncio.get_running_loop().create_task(self._serve())

    # --- ours ----------------------------------------------------------------------------------------

    def _bound(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > MAX_HEADERS:
            self._transport.abort()

    async def _serve(self) -> None:
        while self._waiting and not self._transport.is_closing():
            request, keep_alive = self._waiting.popleft()
            self._sender = Sender(self._transport, self._writable)
            try:
                await self._respond(request, self._sender)
            except Exception:
                self._transport.abort()  # a defect of the simulator, for which the client must not wait
                raise
            if not keep_alive:
                self._transport.close()
        self._sender = self.task = None
