"""All connections of a process: how many there may be, how long they may wait, and how they end."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from ipaddress import ip_network
from typing import Final

import structlog

from turnout.config import ServerSettings
from turnout.errors import Overloaded, RequestTimeout

from .connection import Connection
from .exchange import ASGIApp, Exchange
from .patience import Patience

_log = structlog.get_logger(__name__)

IDLE_SECONDS: Final = 75.0
"""Between two requests. More than the minute for which load balancers keep a connection: they may close it first."""

LINGER_SECONDS: Final = 5.0
WRITE_SECONDS: Final = 60.0
"""For a client that reads nothing of what is written to it."""

GRACE: Final = 0.25
"""Seconds for requests that were on their way when the server was told to stop."""

FIRST_GRACE: Final = 2.0
"""The same for the first request of a connection: who has just opened one is about to ask."""

_SWEEP: Final = 0.5
_LAST_WORDS: Final = 5.0  # seconds for telling clients that their answer won't end


class HttpServer:
    """Made inside a running event loop. ``draining``: every reply is its connection's last."""

    def __init__(self, app: ASGIApp, bounds: ServerSettings) -> None:
        self.loop = asyncio.get_running_loop()
        self.bounds = bounds
        self.trusted = tuple(ip_network(proxy, strict=False) for proxy in bounds.trusted_proxies)
        self.draining = False
        self.idle: Patience[Connection] = Patience(IDLE_SECONDS, Connection.close)
        self.heads: Patience[Connection] = Patience(bounds.body_timeout, Connection.close)
        self.lingering: Patience[Connection] = Patience(LINGER_SECONDS, Connection.cut)
        self.stalled: Patience[Connection] = Patience(WRITE_SECONDS, Connection.cut)
        self.bodies: Patience[Exchange] = Patience(bounds.body_timeout, self._late)
        self._app = app
        self._connections: set[Connection] = set()
        self._requests: dict[str, int] = {}  # under way, by the client's address
        self._exchanges: set[Exchange] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._empty = asyncio.Event()
        self._hurry = asyncio.Event()

    async def start(self, listener: socket.socket) -> None:
        """Serves what connects to ``listener`` from now on."""
        self._listener = listener
        self._server = await self.loop.create_server(lambda: Connection(self), sock=listener.dup(), backlog=4096)
        self._sweeper = self.loop.call_later(_SWEEP, self._sweep)

    # --- what connections tell ---

    @property
    def crowded(self) -> bool:
        return len(self._connections) > self.bounds.max_connections

    def opened(self, connection: Connection) -> None:
        self._connections.add(connection)
        if self.crowded:
            self._make_room()
        self.idle.add(connection, self.loop.time())

    def closed(self, connection: Connection) -> None:
        self._connections.discard(connection)
        for waiting in (self.idle, self.heads, self.lingering, self.stalled):
            waiting.discard(connection)
        if not self._connections:
            self._empty.set()

    def _make_room(self) -> None:
        """For a newcomer, one goes that brings nothing: so whoever only holds connections can't lock others out."""
        for waiting in (self.lingering, self.idle, self.heads, self.stalled):
            oldest = waiting.oldest()
            if oldest is not None:
                waiting.discard(oldest)
                oldest.cut()
                return

    def requests_of(self, client: str) -> int:
        return self._requests.get(client, 0)

    def exchange_began(self, exchange: Exchange) -> None:
        self._exchanges.add(exchange)
        self._requests[exchange.client] = self._requests.get(exchange.client, 0) + 1
        exchange.task = task = self.loop.create_task(exchange.run(self._app))
        self._tasks.add(task)
        task.add_done_callback(self._answered)

    def _answered(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (defect := task.exception()) is not None:
            _log.error("a defect in Turnout", exc_info=defect)

    def exchange_ended(self, exchange: Exchange) -> None:
        if exchange not in self._exchanges:
            return
        self._exchanges.discard(exchange)
        left = self._requests[exchange.client] - 1
        if left:
            self._requests[exchange.client] = left
        else:
            del self._requests[exchange.client]

    def _late(self, exchange: Exchange) -> None:
        exchange.stop(RequestTimeout(f"The body did not arrive within {self.bounds.body_timeout:g} s."))

    def _sweep(self) -> None:
        now = self.loop.time()
        for waiting in (self.idle, self.heads, self.lingering, self.stalled, self.bodies):
            waiting.expire(now)
        self._sweeper = self.loop.call_later(_SWEEP, self._sweep)

    # --- the end ---

    async def drain(self, seconds: float) -> None:
        """Answers whoever has asked, and ends. After ``seconds``, answers that go on are ended with an error."""
        deadline = self.loop.time() + seconds
        self.draining = True
        await self._stop_listening()
        await self._wait_until_empty(min(GRACE, seconds))
        self._close_idle(lambda connection: connection.has_asked)
        await self._wait_until_empty(min(FIRST_GRACE, deadline - self.loop.time()))
        self._close_idle(lambda connection: True)
        await self._wait_until_empty(deadline - self.loop.time())
        if self._tasks:
            await self._tell_the_end()
        for connection in tuple(self._connections):
            connection.cut()
        self._sweeper.cancel()

    def _close_idle(self, ripe: Callable[[Connection], bool]) -> None:
        for connection in [connection for connection in self._connections if connection in self.idle]:
            if ripe(connection):
                self.idle.discard(connection)
                connection.close()

    def hurry(self) -> None:
        """Ends a ``drain`` before its time."""
        self._hurry.set()
        self._empty.set()

    async def _stop_listening(self) -> None:
        """Whoever has connected already is served; a close would reset those that the system still keeps for us."""
        self._server.close()
        self._listener.setblocking(False)
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # nobody is left
                break
            await self.loop.connect_accepted_socket(lambda: Connection(self), client)
        self._listener.close()

    async def _wait_until_empty(self, seconds: float) -> None:
        if not self._connections or self._hurry.is_set():
            return
        self._empty.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._empty.wait()
        except TimeoutError:
            return

    async def _tell_the_end(self) -> None:
        _log.warning("answers cut off", requests=len(self._exchanges), after_seconds=self.bounds.drain)
        for exchange in tuple(self._exchanges):
            exchange.stop(Overloaded("Turnout is being stopped, and this answer took too long. Try again in a moment."))
        await asyncio.wait(tuple(self._tasks), timeout=_LAST_WORDS)
        for task in tuple(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(tuple(self._tasks), timeout=_LAST_WORDS)
