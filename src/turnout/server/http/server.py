"""All connections of a process: it bounds their number and their waiting, and ends them at a stop."""

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
from .socket_exchange import SocketExchange
from .timeout_queue import TimeoutQueue

_log = structlog.get_logger(__name__)

IDLE_SECONDS: Final = 75.0
"""The time between two requests. Load balancers keep a connection for a minute, so they may close it first."""

LINGER_SECONDS: Final = 5.0
WRITE_SECONDS: Final = 60.0
"""The time for a client that reads nothing of its reply."""

GRACE_SECONDS: Final = 0.25
"""The time for requests that were on their way when the stop began."""

FIRST_REQUEST_GRACE_SECONDS: Final = 2.0
"""The same for the first request of a connection: its client has just connected and will send one soon."""

_SWEEP_SECONDS: Final = 0.5
_STOP_SECONDS: Final = 5.0  # for sending errors to clients whose answers are cut off


class HttpServer:
    """Create it in a running event loop. ``draining``: it stops, and each connection ends with its current reply."""

    def __init__(self, app: ASGIApp, bounds: ServerSettings) -> None:
        self.loop = asyncio.get_running_loop()
        self.bounds = bounds
        self.trusted = tuple(ip_network(proxy, strict=False) for proxy in bounds.trusted_proxies)
        self.draining = False
        self.idle: TimeoutQueue[Connection] = TimeoutQueue(IDLE_SECONDS, Connection.close)
        self.heads: TimeoutQueue[Connection] = TimeoutQueue(bounds.body_timeout, Connection.close)
        self.lingering: TimeoutQueue[Connection] = TimeoutQueue(LINGER_SECONDS, Connection.abort)
        self.stalled: TimeoutQueue[Connection] = TimeoutQueue(WRITE_SECONDS, Connection.abort)
        self.bodies: TimeoutQueue[Exchange] = TimeoutQueue(bounds.body_timeout, self._on_body_timeout)
        self._app = app
        self._connections: set[Connection] = set()
        self._requests: dict[str, int] = {}  # number under way, by the client's address
        self._exchanges: set[Exchange] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._empty = asyncio.Event()
        self._hurried = asyncio.Event()

    async def start(self, listener: socket.socket) -> None:
        """Serves the connections to ``listener`` from now on."""
        self._listener = listener
        self._server = await self.loop.create_server(lambda: Connection(self), sock=listener.dup(), backlog=4096)
        self._sweeper = self.loop.call_later(_SWEEP_SECONDS, self._sweep)

    # --- connections call these ---

    @property
    def over_capacity(self) -> bool:
        return len(self._connections) > self.bounds.max_connections

    def opened(self, connection: Connection) -> None:
        self._connections.add(connection)
        if self.over_capacity:
            self._make_room()
        self.idle.add(connection, self.loop.time())

    def closed(self, connection: Connection) -> None:
        self._connections.discard(connection)
        for queue in (self.idle, self.heads, self.lingering, self.stalled):
            queue.discard(connection)
        if not self._connections:
            self._empty.set()

    def _make_room(self) -> None:
        """Ends the connection that has waited longest, so that idle clients can't keep new ones out."""
        for queue in (self.lingering, self.idle, self.heads, self.stalled):
            oldest = queue.oldest()
            if oldest is not None:
                queue.discard(oldest)
                oldest.abort()
                return

    def requests_of(self, client: str) -> int:
        return self._requests.get(client, 0)

    def exchange_began(self, exchange: Exchange) -> None:
        self._exchanges.add(exchange)
        self._requests[exchange.client] = self._requests.get(exchange.client, 0) + 1
        exchange.task = task = self.loop.create_task(exchange.run(self._app))
        self._tasks.add(task)
        task.add_done_callback(self._on_task_done)

    def _on_task_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (defect := task.exception()) is not None:
            _log.error("a defect in Turnout", exc_info=defect)

    def exchange_ended(self, exchange: Exchange) -> None:
        if exchange not in self._exchanges:
            return
        self._exchanges.discard(exchange)
        remaining = self._requests[exchange.client] - 1
        if remaining:
            self._requests[exchange.client] = remaining
        else:
            del self._requests[exchange.client]

    def _on_body_timeout(self, exchange: Exchange) -> None:
        exchange.stop(RequestTimeout(f"The body did not arrive within {self.bounds.body_timeout:g} s."))

    def _sweep(self) -> None:
        now = self.loop.time()
        for queue in (self.idle, self.heads, self.lingering, self.stalled, self.bodies):
            queue.expire(now)
        self._sweeper = self.loop.call_later(_SWEEP_SECONDS, self._sweep)

    # --- the stop ---

    async def drain(self, seconds: float) -> None:
        """Answers the requests that have come, and ends. After ``seconds``, an error ends the remaining answers."""
        deadline = self.loop.time() + seconds
        self.draining = True
        await self._stop_listening()
        await self._wait_until_empty(min(GRACE_SECONDS, seconds))
        self._close_idle(lambda connection: connection.had_request)
        for exchange in tuple(self._exchanges):
            if isinstance(exchange, SocketExchange):
                exchange.close_if_idle()
        await self._wait_until_empty(min(FIRST_REQUEST_GRACE_SECONDS, deadline - self.loop.time()))
        self._close_idle(lambda connection: True)
        await self._wait_until_empty(deadline - self.loop.time())
        if self._tasks:
            await self._stop_answers()
        for connection in tuple(self._connections):
            connection.abort()
        self._sweeper.cancel()

    def _close_idle(self, condition: Callable[[Connection], bool]) -> None:
        for connection in [connection for connection in self._connections if connection in self.idle]:
            if condition(connection):
                self.idle.discard(connection)
                connection.close()

    def hurry(self) -> None:
        """Makes a running ``drain`` end now."""
        self._hurried.set()
        self._empty.set()

    async def _stop_listening(self) -> None:
        """Accepts the clients that have connected already, then closes. A close alone would reset their connections."""
        self._server.close()
        self._listener.setblocking(False)
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # no client waits
                break
            await self.loop.connect_accepted_socket(lambda: Connection(self), client)
        self._listener.close()

    async def _wait_until_empty(self, seconds: float) -> None:
        if not self._connections or self._hurried.is_set():
            return
        self._empty.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._empty.wait()
        except TimeoutError:
            return

    async def _stop_answers(self) -> None:
        _log.warning("answers cut off", requests=len(self._exchanges), after_seconds=self.bounds.drain)
        for exchange in tuple(self._exchanges):
            exchange.stop(Overloaded("Turnout is being stopped, and this answer took too long. Try again in a moment."))
        await asyncio.wait(tuple(self._tasks), timeout=_STOP_SECONDS)
        for task in tuple(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(tuple(self._tasks), timeout=_STOP_SECONDS)
