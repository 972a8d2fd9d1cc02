"""Connections to upstreams, kept open for reuse."""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict, deque
from collections.abc import Hashable, Mapping
from functools import lru_cache

from turnout.core import Network, WireRequest
from turnout.errors import KeptConnectionLost, UpstreamUnreachable

from .connecting import Connector
from .connection import Connection
from .mapping import FOREIGN, upstream_error
from .response import Response
from .target import Target, provider_target_of

IDLE_SECONDS = 30.0
"""Idle connections are closed after this time, which is shorter than that of most servers."""

_ADVICE = "Check its key and its headers."


class Transport:
    """Create it inside a running event loop; end it by ``close``.

    ``variables`` are the environment's, which name the proxies. They are read once.
    """

    def __init__(self, variables: Mapping[str, str] = os.environ) -> None:
        self._loop = asyncio.get_running_loop()
        self._connector = Connector(variables, self._lost)
        self._idle: defaultdict[Hashable, deque[Connection]] = defaultdict(deque)
        self._all: set[Connection] = set()
        self._sweeper: asyncio.TimerHandle | None = None

    async def send(self, request: WireRequest, connect_timeout: float, stall_timeout: float | None = None) -> Response:
        """Sends ``request`` and waits for the reply's headers, without a timeout: the caller has its own.

        ``stall_timeout`` is how long the provider may stop reading a large request. Times are seconds.

        The request is sent once. Raises ``KeptConnectionLost`` when an idle connection breaks before a byte of the
        reply has come: the next request gets a new one. Raises ``UpstreamUnreachable``, ``UpstreamTimeout`` (of
        connecting and sending only) or ``UpstreamBroken``.
        """
        target = provider_target_of(request.url)
        network = request.network
        head = head_of(request.method, target, request.headers, len(request.body))
        key: Hashable = target.origin if network is None else (target.origin, network)
        connection = self._take_idle(key)
        if connection is not None:
            try:
                return await self._exchange(connection, head, request.body, target, stall_timeout)
            except UpstreamUnreachable as error:
                if connection.reply_begun:
                    raise
                self._close_idle(key)
                raise KeptConnectionLost(error.message) from error
        connection = await self._connect(target, network, key, connect_timeout)
        return await self._exchange(connection, head, request.body, target, stall_timeout)

    async def _exchange(
        self, connection: Connection, head: bytes, body: bytes, target: Target, stall_timeout: float | None
    ) -> Response:
        try:
            connection.send(head, body)
            await connection.drain(stall_timeout)
            await connection.head()
        except FOREIGN as error:
            connection.close()
            raise upstream_error(error, target.origin) from error
        except BaseException:
            connection.close()
            raise
        return Response(connection, self._keep)

    def proxy_of(self, url: str, network: Network | None) -> str:
        """The address of the proxy that a request would go through, without its user; empty: none.

        Raises ``UpstreamUnreachable`` for an address that can't be used.
        """
        proxy = self._connector.proxy_of(provider_target_of(url), network)
        return "" if proxy is None else proxy.target.origin

    def _take_idle(self, key: Hashable) -> Connection | None:
        """The one that was used last, as it is the least likely to have been closed."""
        idle = self._idle.get(key)
        while idle:
            connection = idle.pop()
            if connection.open:  # one that is closed here leaves the pool a moment later
                return connection
        return None

    def _close_idle(self, key: Hashable) -> None:
        """A provider that has closed one of them has probably closed all."""
        for connection in self._idle.pop(key, ()):
            connection.close()

    async def _connect(self, target: Target, network: Network | None, key: Hashable, seconds: float) -> Connection:
        try:
            async with asyncio.timeout(seconds):
                connection = await self._connector.connect(target, network)
        except TimeoutError as error:
            raise upstream_error(error, target.origin) from error
        connection.pool_key = key
        if connection.open:  # the provider may have closed it at once
            self._all.add(connection)
        return connection

    def _keep(self, connection: Connection) -> None:
        if not connection.reusable:
            connection.close()
            return
        connection.idle_since = self._loop.time()
        self._idle[connection.pool_key].append(connection)
        if self._sweeper is None:
            self._sweeper = self._loop.call_later(IDLE_SECONDS, self._sweep)

    def _lost(self, connection: Connection) -> None:
        self._all.discard(connection)
        idle = self._idle.get(connection.pool_key)
        if idle and connection in idle:
            idle.remove(connection)

    def _sweep(self) -> None:
        """Closes the connections that have been idle for too long."""
        oldest = self._loop.time() - IDLE_SECONDS
        for idle in self._idle.values():
            while idle and idle[0].idle_since <= oldest:
                idle.popleft().close()
        waiting = any(self._idle.values())
        self._sweeper = self._loop.call_later(IDLE_SECONDS, self._sweep) if waiting else None

    async def close(self) -> None:
        if self._sweeper is not None:
            self._sweeper.cancel()
        for connection in tuple(self._all):
            connection.close()
        await asyncio.sleep(0)  # lets the event loop call their ``connection_lost``


def head_of(method: str, target: Target, headers: Mapping[str, str], length: int) -> bytes:
    first = _first_lines(method, target.path, target.authority, target.authorization)
    if target.authorization:
        headers = {name: value for name, value in headers.items() if name.lower() != "authorization"}
    if "user-agent" not in headers:
        first += "user-agent: turnout\r\n"
    try:
        return f"{first}content-length: {length}\r\n{_lines(headers)}\r\n".encode("latin-1")
    except UnicodeEncodeError as error:
        raise UpstreamUnreachable(
            f"A header for the provider holds a character that isn't Latin-1. {_ADVICE}"
        ) from error


@lru_cache(4096)
def _first_lines(method: str, path: str, authority: str, authorization: str) -> str:
    credentials = f"authorization: {authorization}\r\n" if authorization else ""
    return f"{method} {path} HTTP/1.1\r\nhost: {authority}\r\n{credentials}accept: */*\r\naccept-encoding: identity\r\n"


def _lines(headers: Mapping[str, str]) -> str:
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    if lines.count("\n") != len(headers) or lines.count("\r") != len(headers):
        raise UpstreamUnreachable(f"A header for the provider holds a line break. {_ADVICE}")
    return lines
