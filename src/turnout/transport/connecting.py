"""Opens connections: straight to a server or through a proxy, in plain text or in TLS.

All of this is decided when a connection is opened. A request on an open connection costs the same either way.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TypeVar

from turnout.core import Network

from .certificates import Certificates
from .connection import Connection
from .mapping import FOREIGN, upstream_error
from .proxies import Proxies, Proxy
from .target import Target
from .tunnel import Tunnel, refused_by

AnyProtocol = TypeVar("AnyProtocol", bound=asyncio.Protocol)


class Connector:
    """``variables`` are those of the environment, which name the proxies."""

    def __init__(self, variables: Mapping[str, str], on_lost: Callable[[Connection], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._proxies = Proxies(variables)
        self._certificates = Certificates()
        self._on_lost = on_lost

    def proxy_of(self, target: Target, network: Network | None) -> Proxy | None:
        """Raises ``UpstreamUnreachable`` for a proxy that can't be used."""
        return self._proxies.proxy_of(target, network)

    async def connect(self, target: Target, network: Network | None) -> Connection:
        """Raises ``UpstreamError``."""
        proxy = self.proxy_of(target, network)
        tls = self._certificates.context(network) if target.secure else None
        if proxy is None:
            return await self._open(target, tls, target.origin, lambda: Connection(target.origin, self._on_lost))
        proxy_tls = self._certificates.context_for_proxy(network) if proxy.target.secure else None
        if tls is None:
            return await self._open(
                proxy.target, proxy_tls, proxy.name, lambda: _ProxiedConnection(target, proxy, self._on_lost)
            )
        tunnel = await self._open(proxy.target, proxy_tls, proxy.name, Tunnel)
        try:
            await tunnel.open(target, proxy)
            return await self._start_tls(tunnel.transport, tls, target)
        except BaseException:
            tunnel.transport.abort()
            raise

    async def _open(
        self, place: Target, tls: ssl.SSLContext | None, name: str, protocol: Callable[[], AnyProtocol]
    ) -> AnyProtocol:
        try:
            _, opened = await self._loop.create_connection(protocol, place.host, place.port, ssl=tls)
        except FOREIGN as error:
            raise upstream_error(error, name) from error
        return opened

    async def _start_tls(self, inner: asyncio.Transport, tls: ssl.SSLContext, target: Target) -> Connection:
        connection = Connection(target.origin, self._on_lost)
        try:
            transport = await self._loop.start_tls(inner, connection, tls, server_hostname=target.host)
        except FOREIGN as error:
            raise upstream_error(error, target.origin) from error
        if transport is None or transport.is_closing():
            raise upstream_error(ConnectionResetError(), target.origin)
        connection.connection_made(transport)
        return connection


class _ProxiedConnection(Connection):
    """A connection to a proxy, which reads the whole address and asks the server itself (RFC 9112, 3.2.2)."""

    def __init__(self, target: Target, proxy: Proxy, on_lost: Callable[[Connection], None]) -> None:
        super().__init__(target.origin, on_lost)
        self._target = target
        self._proxy = proxy
        credentials = f"proxy-authorization: {proxy.authorization}\r\n" if proxy.authorization else ""
        self._credentials = credentials.encode("latin-1")

    def send(self, head: bytes, body: bytes) -> None:
        method, _, rest = head.partition(b" ")
        line, _, headers = rest.partition(b"\r\n")
        super().send(b"%b %b%b\r\n%b%b" % (method, self.origin.encode(), line, self._credentials, headers), body)

    async def head(self) -> None:
        await super().head()
        if self.status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
            raise refused_by(self._proxy, self.status, self._target)
