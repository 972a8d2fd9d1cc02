"""One client's connection: bytes in, requests out to the application, replies back in their order."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from http import HTTPStatus
from typing import Final, Protocol, cast

import httptools

from turnout.config import ServerSettings
from turnout.errors import HeadersTooLarge, InvalidRequest, Overloaded, RequestError

from .exchange import Exchange
from .head import Findings, Malformed, Network, forwarded_client, is_within, split_url
from .patience import Patience

_HELD_BODY: Final = 256 * 1024
"""Bytes of a body that wait for the application before the client is made to wait."""

_ASGI: Final = {"version": "3.0", "spec_version": "2.3"}
_MOST_QUEUED: Final = 100
"""Requests sent before the reply to the first one; the connection ends with the reply to the last of them."""

_OFFERS: Final = frozenset({b"upgrade", b"http2-settings"})
_LARGE_HEAD: Final = "The headers are larger than {} bytes, the limit here."
_PROBES: Final = frozenset({"/ping", "/health"})
"""Who asks whether the service is well has to be told, however many are waiting."""


class Host(Protocol):
    """What a connection needs of the server that accepted it: bounds, and lists of who waits for what."""

    loop: asyncio.AbstractEventLoop
    bounds: ServerSettings
    trusted: tuple[Network, ...]
    """Proxies whose word for the client's address is taken."""

    draining: bool
    """Every reply is its connection's last."""

    idle: Patience[Connection]
    heads: Patience[Connection]
    lingering: Patience[Connection]
    stalled: Patience[Connection]
    bodies: Patience[Exchange]

    @property
    def crowded(self) -> bool:
        """Whether there are more connections than there may be."""
        ...

    def opened(self, connection: Connection) -> None: ...

    def closed(self, connection: Connection) -> None: ...

    def requests_of(self, client: str) -> int:
        """How many requests of an address are under way."""
        ...

    def exchange_began(self, exchange: Exchange) -> None: ...

    def exchange_ended(self, exchange: Exchange) -> None: ...


class Connection(asyncio.Protocol):
    """``writing_paused``: the client reads too slowly, wait for ``drained`` before more is written.

    ``has_asked``: there has been a request.
    """

    def __init__(self, server: Host) -> None:
        self.loop = server.loop
        self.writing_paused = False
        self.has_asked = False
        self._server = server
        self._bounds = server.bounds
        self._transport: asyncio.Transport | None = None
        self._new_parser()
        self._peer = ""
        self._port = 0
        self._local: tuple[str, int] = ("", 0)
        self._is_proxy = False
        self._head_bytes: int | None = None  # received of a head that isn't complete
        self._bodiless = 0  # bytes of a body's frame (sizes of chunks, trailers) since the last of the body itself
        self._mistake: str | None = None  # why a head can't be taken
        self._deaf = False  # nothing more can be read here, or will be
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._reading: Exchange | None = None  # whose body comes in
        self._current: Exchange | None = None  # who is being answered
        self._queue: deque[Exchange] = deque()  # asked before the reply to the one before was there
        self._reading_paused = False
        self._lingering: int | None = None  # bytes that may still come after a reply that came first
        self._drainer: asyncio.Future[None] | None = None

    def _new_parser(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        # Bytes behind a request that is the last one are passed over, not told as a mistake in it.
        self._parser.set_dangerous_leniencies(lenient_data_after_close=True)

    @property
    def closing_soon(self) -> bool:
        return self._server.draining

    # --- what the event loop calls ---

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
        if self._lingering is not None:
            self._pass_over(len(data))
        while data and not self._deaf:
            data = self._fed(data)

    def _fed(self, data: bytes) -> bytes:
        """What is to be read again, as it offered another protocol."""
        if self._head_bytes is not None:
            self._head_bytes += len(data)
        self._bodiless += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            return self._without_offer(data[offer.args[0] :])
        except httptools.HttpParserCallbackError:
            if self._mistake is None:
                raise
            self._refuse(400, self._mistake)
        except httptools.HttpParserError:
            self._refuse(400, "This isn't HTTP/1.1 as it can be read here.")
        else:
            self._look_at_what_is_missing()
        return b""

    def _look_at_what_is_missing(self) -> None:
        """Of the request that is first in line: the time of those behind it begins when it is their turn."""
        most = self._bounds.max_header_bytes
        if self._reading is not None:
            if self._reading is self._current:
                self._server.bodies.add(self._reading, self.loop.time())
            if self._bodiless > 2 * most:
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
            self._current.leave()
        self._queue.clear()
        self._current = self._reading = None
        self.resume_writing()
        del self._parser  # it holds this connection, which would be a cycle

    def pause_writing(self) -> None:
        self.writing_paused = True
        self._server.stalled.add(self, self.loop.time())

    def resume_writing(self) -> None:
        self.writing_paused = False
        self._server.stalled.discard(self)
        drainer, self._drainer = self._drainer, None
        if drainer is not None and not drainer.done():
            drainer.set_result(None)

    # --- what the parser calls ---

    def on_message_begin(self) -> None:
        self._server.idle.discard(self)
        self._url = b""
        self._headers = []
        self._head_bytes = 0

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._head_bytes is not None:  # else it is a trailer, which says nothing here
            self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self._head_bytes = None
        self._bodiless = 0
        self._server.heads.discard(self)
        if self._deaf or self._parser.should_upgrade():
            return  # an offer: the parser stops here, and the request is read again
        try:
            exchange = self._exchange()
        except Malformed as mistake:
            self._mistake = str(mistake)
            raise
        self._reading = exchange
        if self._current is None:
            self._begin(exchange)
        else:
            self._queue.append(exchange)
            if len(self._queue) == _MOST_QUEUED:
                exchange.keep_alive = False
                self._deaf = True

    def on_body(self, body: bytes) -> None:
        self._bodiless = 0
        if self._reading is not None:
            self._reading.feed(body)
            if self._reading.buffered > _HELD_BODY:
                self._pause_reading()

    def on_message_complete(self) -> None:
        if self._reading is not None:
            self._reading.complete()
            self._server.bodies.discard(self._reading)
            self._reading = None

    # --- requests ---

    def _exchange(self) -> Exchange:
        """Raises ``Malformed``."""
        version = self._parser.get_http_version()
        findings = Findings(self._headers, version)
        path, raw_path, query = split_url(self._url)
        client = self._peer
        if self._is_proxy:
            client = forwarded_client(self._headers, client, self._server.trusted)
        refusal = None if path in _PROBES else self._refusal(findings.size + len(self._url), client)
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
        return Exchange(
            self,
            scope,
            client,
            keep_alive=version == "1.1" and self._parser.should_keep_alive(),
            expects_continue=findings.expects_continue,
        )

    def _refusal(self, head_size: int, client: str) -> RequestError | None:
        """What is over a limit is answered by the application, in the client's own dialect."""
        bounds = self._bounds
        if head_size > bounds.max_header_bytes:
            return HeadersTooLarge(_LARGE_HEAD.format(bounds.max_header_bytes))
        if self._server.crowded:
            return Overloaded(f"More than {bounds.max_connections} connections are open. Try again in a moment.")
        if self._server.requests_of(client) >= bounds.max_requests_per_address:
            return Overloaded(
                f"More than {bounds.max_requests_per_address} requests of {client} are under way. Try again in a"
                " moment; if that is a proxy's address, name it in server.trusted_proxies."
            )
        return None

    def _begin(self, exchange: Exchange) -> None:
        self.has_asked = True
        self._current = exchange
        self._server.exchange_began(exchange)

    def _without_offer(self, rest: bytes) -> bytes:
        """Another protocol was offered (h2c, by Java's client and ``curl --http2``), which a server may decline by
        answering in this one. The parser has stopped behind the head: what it would have read without the offer.
        """
        method = self._parser.get_method()
        if method == b"CONNECT":
            self._refuse(501, "Turnout is no proxy for CONNECT.")
            return b""
        version = self._parser.get_http_version().encode()
        lines = [b"%b: %b\r\n" % header for header in self._headers if header[0] not in _OFFERS]
        self._new_parser()
        return b"%b %b HTTP/%b\r\n%b\r\n%b" % (method, self._url, version, b"".join(lines), rest)

    # --- replies ---

    def write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def write_all(self, *pieces: bytes) -> None:
        if self._transport is not None:
            self._transport.writelines(pieces)

    async def drained(self) -> None:
        """The client has read enough that more may be written, or has gone."""
        while self.writing_paused:
            if self._drainer is None:
                self._drainer = self.loop.create_future()
            await asyncio.shield(self._drainer)

    def body_taken(self) -> None:
        """The application has what came of the body: more of it may come."""
        self._resume_reading()

    def replied(self, exchange: Exchange) -> None:
        """``exchange`` has its whole reply."""
        self._server.exchange_ended(exchange)
        self._current = None
        if self._transport is None:
            return
        if not exchange.keep_alive:
            self._queue.clear()
            if exchange.whole:
                self._transport.close()
            else:
                self._linger()
            return
        self._resume_reading()  # what was held of a body that nobody read is gone
        if self._queue:
            self._begin(self._queue.popleft())
            self._look_at_what_is_missing()
        elif self._head_bytes is None:
            self._server.idle.add(self, self.loop.time())
        else:
            self._look_at_what_is_missing()

    def cut(self) -> None:
        """Ends it at once, whatever was to come."""
        if self._transport is not None:
            self._transport.abort()

    def close(self) -> None:
        """Ends it when what was written has gone out."""
        if self._transport is not None:
            self._transport.close()

    def _linger(self) -> None:
        """The reply came before the request's end. If the connection were closed now, the client might lose the reply
        over bytes that nobody has read; so they are passed over, some of them for some time.
        """
        self._lingering = self._bounds.max_body_bytes
        self._deaf = True
        if self._reading is not None:
            self._server.bodies.discard(self._reading)
            self._reading = None
        self._server.heads.discard(self)
        self._server.lingering.add(self, self.loop.time())
        self._resume_reading()
        if self._transport is not None:
            self._transport.write_eof()

    def _pass_over(self, size: int) -> None:
        self._lingering = (self._lingering or 0) - size
        if self._lingering <= 0:
            self.cut()

    def _pause_reading(self) -> None:
        if self._transport is not None and not self._reading_paused:
            self._reading_paused = True
            self._transport.pause_reading()

    def _resume_reading(self) -> None:
        if self._transport is not None and self._reading_paused:
            self._reading_paused = False
            self._transport.resume_reading()

    def _refuse(self, status: int, message: str) -> None:
        """The end of what can be understood. Nothing is known of the client's dialect."""
        self._deaf = True
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
