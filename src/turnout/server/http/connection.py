"""One client's connection: it parses requests, passes them to the application, and writes the replies in order."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from http import HTTPStatus
from typing import Any, Final, cast

import httptools

from turnout.errors import HeadersTooLarge, InvalidRequest, Overloaded, RequestError

from .connection_server import ConnectionServer
from .exchange import Exchange
from .head import CheckedHead, Malformed, forwarded_client, is_within, offers_socket, split_url
from .socket_exchange import SocketExchange

_MOST_BUFFERED: Final = 256 * 1024
"""Bytes of a body that may wait for the application. Beyond that, the connection reads no more from the client."""

_ASGI: Final = {"version": "3.0", "spec_version": "2.3"}
_MOST_QUEUED: Final = 100
"""Requests that may wait for the reply to an earlier one. The connection ends with the reply to the last of them."""

_UPGRADE_HEADERS: Final = frozenset({b"upgrade", b"http2-settings"})
_LARGE_HEAD: Final = "The headers are larger than {} bytes, the limit here."
_HEALTH_PATHS: Final = frozenset({"/ping", "/health"})
"""Health checks get an answer, however many requests are waiting."""


class Connection(asyncio.Protocol):
    """``writing_paused``: the client reads too slowly, so wait for ``drained`` before you write more.

    ``had_request``: a request has come over it.
    """

    def __init__(self, server: ConnectionServer) -> None:
        self.loop = server.loop
        self.writing_paused = False
        self.had_request = False
        self._server = server
        self._bounds = server.bounds
        self._transport: asyncio.Transport | None = None
        self._new_parser()
        self._peer = ""
        self._port = 0
        self._local: tuple[str, int] = ("", 0)
        self._is_proxy = False
        self._head_bytes: int | None = None  # bytes received of a head that isn't complete; None between heads
        self._framing_bytes = 0  # bytes of chunk sizes and trailers since the last piece of the body
        self._head_error: str | None = None  # why the head is refused
        self._ignoring = False  # the rest of the bytes is ignored
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._reading: Exchange | None = None  # its body is being received
        self._current: Exchange | None = None  # its reply is being written
        self._socket: SocketExchange | None = None  # the connection is a WebSocket
        self._queue: deque[Exchange] = deque()  # these came before the reply to an earlier request
        self._reading_paused = False
        self._lingering: int | None = None  # bytes that are still read and ignored after an early reply
        self._drainer: asyncio.Future[None] | None = None

    def _new_parser(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        # Bytes after the last request are ignored. Without this, the parser reports them as an error of that request.
        self._parser.set_dangerous_leniencies(lenient_data_after_close=True)

    @property
    def closing_soon(self) -> bool:
        return self._server.draining

    # --- the event loop calls these ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        peer, local = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        if isinstance(peer, tuple):
            self._peer, self._port = peer[:2]
            self._is_proxy = bool(self._server.trusted) and is_within(self._peer, self._server.trusted)
        if isinstance(local, tuple):
            self._local = local[:2]
        self._server.opened(self)

    def data_received(self, data: bytes) -> None:
        if self._socket is not None:
            self._socket.feed(data)
            return
        if self._lingering is not None:
            self._ignore(len(data))
        while data and not self._ignoring:
            data = self._parse(data)

    def _parse(self, data: bytes) -> bytes:
        """Returns the bytes to parse again: those of a request that offered an upgrade. Empty otherwise."""
        if self._head_bytes is not None:
            self._head_bytes += len(data)
        self._framing_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            rest = data[upgrade.args[0] :]
            return self._upgraded(rest) if self._offers_socket() else self._without_upgrade(rest)
        except httptools.HttpParserCallbackError:
            if self._head_error is None:
                raise
            self._refuse(400, self._head_error)
        except httptools.HttpParserError:
            self._refuse(400, "This isn't HTTP/1.1 as it can be read here.")
        else:
            self._watch_incomplete_request()
        return b""

    def _watch_incomplete_request(self) -> None:
        """Starts the timeout of the request that is first in line, and bounds its bytes.

        The timeout of a later request starts when it becomes the first.
        """
        most = self._bounds.max_header_bytes
        if self._reading is not None:
            if self._reading is self._current:
                self._server.bodies.add(self._reading, self.loop.time())
            if self._framing_bytes > 2 * most:
                self._refuse(431, f"There are more than {most} bytes of trailers and chunk extensions, the limit here.")
        elif self._head_bytes is not None:
            if self._current is None:
                self._server.heads.add(self, self.loop.time())
            if self._head_bytes > 2 * most:
                self._refuse(431, _LARGE_HEAD.format(most))

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._server.closed(self)
        if self._reading is not None:
            self._server.bodies.discard(self._reading)
        if self._current is not None:
            self._server.exchange_ended(self._current)
            self._current.disconnect()
        self._queue.clear()
        self._current = self._reading = None
        self.resume_writing()
        del self._parser  # the parser refers to this connection, so they would be a reference cycle

    def pause_writing(self) -> None:
        self.writing_paused = True
        self._server.stalled.add(self, self.loop.time())

    def resume_writing(self) -> None:
        self.writing_paused = False
        self._server.stalled.discard(self)
        drainer, self._drainer = self._drainer, None
        if drainer is not None and not drainer.done():
            drainer.set_result(None)

    # --- the parser calls these ---

    def on_message_begin(self) -> None:
        self._server.idle.discard(self)
        self._url = b""
        self._headers = []
        self._head_bytes = 0

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._head_bytes is not None:  # trailers are ignored
            self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self._head_bytes = None
        self._framing_bytes = 0
        self._server.heads.discard(self)
        if self._ignoring or self._parser.should_upgrade():
            return  # an upgrade is offered: the parser stops here, and the request is parsed again without the offer
        try:
            exchange = self._exchange()
        except Malformed as error:
            self._head_error = str(error)
            raise
        self._reading = exchange
        if self._current is None:
            self._begin(exchange)
        else:
            self._queue.append(exchange)
            if len(self._queue) == _MOST_QUEUED:
                exchange.keep_alive = False
                self._ignoring = True

    def on_body(self, body: bytes) -> None:
        self._framing_bytes = 0
        if self._reading is not None:
            self._reading.feed(body)
            if self._reading.buffered > _MOST_BUFFERED:
                self._pause_reading()

    def on_message_complete(self) -> None:
        if self._reading is not None:
            self._reading.complete()
            self._server.bodies.discard(self._reading)
            self._reading = None

    # --- requests ---

    def _exchange(self) -> Exchange:
        """Raises ``Malformed``."""
        scope, client, expects_continue = self._scope()
        keep_alive = scope["http_version"] == "1.1" and self._parser.should_keep_alive()
        return Exchange(self, scope, client, keep_alive=keep_alive, expects_continue=expects_continue)

    def _scope(self) -> tuple[dict[str, Any], str, bool]:
        """With the client's address, and whether it waits for ``100 Continue``. Raises ``Malformed``."""
        version = self._parser.get_http_version()
        head = CheckedHead(self._headers, version)
        path, raw_path, query = split_url(self._url)
        client = self._peer
        if self._is_proxy:
            client = forwarded_client(self._headers, client, self._server.trusted)
        refusal = None if path in _HEALTH_PATHS else self._refusal(head.size + len(self._url), client)
        scope = {
            "type": "http",
            "asgi": _ASGI,
            "http_version": version,
            "server": self._local,
            "client": (client, self._port),
            "scheme": "http",
            "root_path": "",
            "method": self._parser.get_method().decode("ascii"),
            "path": path,
            "raw_path": raw_path,
            "query_string": query,
            "headers": self._headers,
            "state": {} if refusal is None else {"refuse_with": refusal},
        }
        return scope, client, head.expects_continue

    def _refusal(self, head_size: int, client: str) -> RequestError | None:
        """The error for a request over a limit. The application sends it, in the client's own dialect."""
        bounds = self._bounds
        if head_size > bounds.max_header_bytes:
            return HeadersTooLarge(_LARGE_HEAD.format(bounds.max_header_bytes))
        if self._server.over_capacity:
            return Overloaded(f"More than {bounds.max_connections} connections are open. Try again in a moment.")
        if self._server.requests_of(client) >= bounds.max_requests_per_address:
            return Overloaded(
                f"More than {bounds.max_requests_per_address} requests of {client} are under way. Try again in a"
                " moment; if that is a proxy's address, name it in server.trusted_proxies."
            )
        return None

    def _begin(self, exchange: Exchange) -> None:
        self.had_request = True
        self._current = exchange
        self._server.exchange_began(exchange)

    def _offers_socket(self) -> bool:
        """A WebSocket begins a connection: after other requests the offer is declined."""
        return self._current is None and self._parser.get_method() == b"GET" and offers_socket(self._headers)

    def _upgraded(self, rest: bytes) -> bytes:
        try:
            scope, client, _ = self._scope()
        except Malformed as error:
            self._refuse(400, str(error))
            return b""
        offer, most = self._head_without(frozenset()), self._bounds.max_body_bytes
        self._socket = SocketExchange(self, scope | {"type": "websocket"}, client, offer=offer, max_bytes=most)
        self._begin(self._socket)
        if rest:
            self._socket.feed(rest)
        return b""

    def _without_upgrade(self, rest: bytes) -> bytes:
        """Returns the request without its offer of another protocol, for a new parser.

        Java's client and ``curl --http2`` offer h2c. A server may decline and answer in HTTP/1.1. The parser has
        stopped after the head, and ``rest`` is what follows.
        """
        method = self._parser.get_method()
        if method == b"CONNECT":
            self._refuse(501, "Turnout is no proxy for CONNECT.")
            return b""
        head = self._head_without(_UPGRADE_HEADERS)
        self._new_parser()
        return head + rest

    def _head_without(self, names: frozenset[bytes]) -> bytes:
        """The request's head, as it could have come."""
        method, version = self._parser.get_method(), self._parser.get_http_version().encode()
        lines = [b"%b: %b\r\n" % header for header in self._headers if header[0] not in names]
        return b"%b %b HTTP/%b\r\n%b\r\n" % (method, self._url, version, b"".join(lines))

    # --- replies ---

    def write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def write_all(self, *pieces: bytes) -> None:
        if self._transport is not None:
            self._transport.writelines(pieces)

    async def drained(self) -> None:
        """Returns when more may be written, or the client has gone."""
        while self.writing_paused:
            if self._drainer is None:
                self._drainer = self.loop.create_future()
            await asyncio.shield(self._drainer)

    def body_taken(self) -> None:
        """The application has read all that came of the body, so more of it is read."""
        self._resume_reading()

    def end_reply(self, exchange: Exchange) -> None:
        """``exchange`` has its whole reply."""
        self._server.exchange_ended(exchange)
        self._current = None
        if not exchange.keep_alive:
            self._queue.clear()
            if exchange.request_complete:
                self.close()
            else:
                self._linger()
            return
        self._resume_reading()  # the buffered part of an unread body was dropped
        if self._queue:
            self._begin(self._queue.popleft())
            self._watch_incomplete_request()
        elif self._head_bytes is None:
            self._server.idle.add(self, self.loop.time())
        else:
            self._watch_incomplete_request()

    def abort(self) -> None:
        """Ends the connection at once, also in the middle of a reply."""
        if self._transport is not None:
            self._transport.abort()

    def close(self) -> None:
        """Ends the connection when all written bytes are sent."""
        if self._transport is not None:
            self._transport.close()

    def _linger(self) -> None:
        """Reads and ignores the rest of a request whose reply came before its end, within bounds of bytes and time.

        A close with unread bytes would reset the connection, and the client could lose the reply.
        """
        self._lingering = self._bounds.max_body_bytes
        self._ignoring = True
        if self._reading is not None:
            self._server.bodies.discard(self._reading)
            self._reading = None
        self._server.heads.discard(self)
        self._server.lingering.add(self, self.loop.time())
        self._resume_reading()
        if self._transport is not None:
            self._transport.write_eof()

    def _ignore(self, size: int) -> None:
        self._lingering = (self._lingering or 0) - size
        if self._lingering <= 0:
            self.abort()

    def _pause_reading(self) -> None:
        if self._transport is not None and not self._reading_paused:
            self._reading_paused = True
            self._transport.pause_reading()

    def _resume_reading(self) -> None:
        if self._transport is not None and self._reading_paused:
            self._reading_paused = False
            self._transport.resume_reading()

    def _refuse(self, status: int, message: str) -> None:
        """Refuses bytes that can't be parsed. The client's dialect isn't known, so the body has OpenAI's form."""
        self._ignoring = True
        self._queue.clear()
        if self._current is not None:  # its reply is the last one
            self._current.keep_alive = False
            if self._reading is self._current:
                self._server.bodies.discard(self._current)
                self._current.stop(InvalidRequest(message))
            self._reading = None
            return
        body = json.dumps({"error": {"message": message, "type": "invalid_request_error", "code": "malformed_http"}})
        head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: application/json\r\n"
        self.write(f"{head}content-length: {len(body)}\r\nconnection: close\r\n\r\n{body}".encode())
        self._linger()
