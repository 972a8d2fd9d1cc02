"""A tunnel through a proxy to a server that speaks TLS (RFC 9110, 9.3.6)."""

from __future__ import annotations

import asyncio
import re
from http import HTTPStatus
from typing import Final, cast

from turnout.errors import UpstreamBroken, UpstreamUnreachable

from .connection import HEAD_LIMIT
from .proxies import Proxy
from .target import Target

_STATUS: Final = re.compile(rb"HTTP/1\.[01] ([0-9]{3})")
_END: Final = b"\r\n\r\n"


class Tunnel(asyncio.Protocol):
    """Asks the proxy for a connection. Then the transport belongs to whoever speaks through it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._received = b""
        self._waiter: asyncio.Future[None] = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if _END in self._received or len(self._received) > HEAD_LIMIT:
            self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        self._wake()

    def _wake(self) -> None:
        if not self._waiter.done():
            self._waiter.set_result(None)

    async def open(self, target: Target, proxy: Proxy) -> None:
        """Raises ``UpstreamUnreachable`` when the proxy refuses, ``UpstreamBroken`` when it speaks no HTTP."""
        self.transport.write(_connect_request(target, proxy.authorization))
        await self._waiter
        status = _STATUS.match(self._received)
        head, end, rest = self._received.partition(_END)
        if not self._received:
            raise UpstreamUnreachable(f"{proxy.name} closed the connection before it answered.")
        if status is None or not end or len(head) > HEAD_LIMIT:
            raise UpstreamBroken(f"{proxy.name} sent what isn't HTTP.")
        code = int(status[1])
        if not 200 <= code < 300:
            raise refused_by(proxy, code, target)
        if rest:
            raise UpstreamBroken(f"{proxy.name} sent something before {target.origin} could.")


def refused_by(proxy: Proxy, status: int, target: Target) -> UpstreamUnreachable:
    """The error for a proxy that doesn't let the request pass."""
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        what = "refuses its user and password" if proxy.authorization else "wants a user and a password"
        return UpstreamUnreachable(f"{proxy.name} {what}: write it as http://user:password@host:port.")
    return UpstreamUnreachable(f"{proxy.name} answered {status} to the request for {target.origin}.")


def _connect_request(target: Target, authorization: str) -> bytes:
    host = f"[{target.host}]" if ":" in target.host else target.host
    place = f"{host}:{target.port}"  # with the port, also the usual one
    credentials = f"proxy-authorization: {authorization}\r\n" if authorization else ""
    return f"CONNECT {place} HTTP/1.1\r\nhost: {place}\r\nuser-agent: turnout\r\n{credentials}\r\n".encode("latin-1")
