"""Connections to upstreams, kept open for reuse."""

from __future__ import annotations

import asyncio
import ssl
from collections import defaultdict, deque
from collections.abc import Mapping
from functools import lru_cache

from turnout.core import WireRequest
from turnout.errors import UpstreamError, UpstreamTimeout, UpstreamUnreachable

from .connection import Connection
from .mapping import FOREIGN, upstream_error
from .response import Response
from .target import Target, provider_target_of

IDLE_SECONDS = 30.0
"""Idle connections are closed after this time, which is shorter than that of most servers."""

_ADVICE = "Check its key and its headers."


class Transport:
    """Create it inside a running event loop; end it by ``close``."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._idle: defaultdict[str, deque[Connection]] = defaultdict(deque)
        self._all: set[Connection] = set()
        self._tls: ssl.SSLContext | None = None
        self._sweeper: asyncio.TimerHandle | None = None

    async def send(self, request: WireRequest, connect_timeout: float, stall_timeout: float | None = None) -> Response:
        """Sends ``request`` and waits for the reply's headers, without a timeout: the caller has its own.

        ``stall_timeout`` is how long the provider may stop reading a large request. Times are seconds.

        An idle connection that breaks before a byte of the reply has come is replaced once: the provider had closed it
        before it saw the request. Raises ``UpstreamUnreachable``, ``UpstreamTimeout`` (of connecting and sending only)
        or ``UpstreamBroken``.
        """
        target = provider_target_of(request.url)
        head = head_of(request.method, target, request.headers, len(request.body))
        connection = self._take_idle(target.origin)
        if connection is not None:
            try:
                return await self._exchange(connection, head, request.body, target, stall_timeout)
            except UpstreamError as error:
                if connection.reply_begun or isinstance(error, UpstreamTimeout):
                    raise
        connection = await self._connect(target, connect_timeout)
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

    def _take_idle(self, origin: str) -> Connection | None:
        """The one that was used last, as it is the least likely to have been closed."""
        idle = self._idle.get(origin)
        return idle.pop() if idle else None

    async def _connect(self, target: Target, seconds: float) -> Connection:
        try:
            async with asyncio.timeout(seconds):
                _, connection = await self._loop.create_connection(
                    lambda: Connection(target.origin, self._lost),
                    target.host,
                    target.port,
                    ssl=self._tls_context() if target.secure else None,
                )
        except FOREIGN as error:
            raise upstream_error(error, target.origin) from error
        if connection.open:  # the provider may have closed it at once
            self._all.add(connection)
        return connection

    def _tls_context(self) -> ssl.SSLContext:
        """The system's trusted authorities, or those of ``SSL_CERT_FILE`` and ``SSL_CERT_DIR``."""
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls

    def _keep(self, connection: Connection) -> None:
        if not connection.reusable:
            connection.close()
            return
        connection.idle_since = self._loop.time()
        self._idle[connection.origin].append(connection)
        if self._sweeper is None:
            self._sweeper = self._loop.call_later(IDLE_SECONDS, self._sweep)

    def _lost(self, connection: Connection) -> None:
        self._all.discard(connection)
        idle = self._idle.get(connection.origin)
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
    first = _first_lines(method, target.path, target.authority)
    try:
        return f"{first}content-length: {length}\r\n{_lines(headers)}\r\n".encode("latin-1")
    except UnicodeEncodeError as error:
        raise UpstreamUnreachable(
            f"A header for the provider holds a character that isn't Latin-1. {_ADVICE}"
        ) from error


@lru_cache(4096)
def _first_lines(method: str, path: str, authority: str) -> str:
    return (
        f"{method} {path} HTTP/1.1\r\nhost: {authority}\r\n"
        "user-agent: turnout\r\naccept: */*\r\naccept-encoding: identity\r\n"
    )


def _lines(headers: Mapping[str, str]) -> str:
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    if lines.count("\n") != len(headers) or lines.count("\r") != len(headers):
        raise UpstreamUnreachable(f"A header for the provider holds a line break. {_ADVICE}")
    return lines
