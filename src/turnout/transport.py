"""The only place that opens a socket to an upstream.

Foreign exceptions are mapped by a table (``_ERRORS``) and never leave this module.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from functools import cache
from typing import Final

import aiohttp
from yarl import URL

from turnout.core import WireRequest
from turnout.errors import UpstreamBroken, UpstreamError, UpstreamTimeout, UpstreamUnreachable

ERROR_BODY_LIMIT: Final = 64 * 1024
"""How much of an error reply is read."""

_ERRORS: Final[tuple[tuple[type[BaseException], type[UpstreamError], str], ...]] = (
    # the more special ones first: aiohttp's classes inherit from several others
    (aiohttp.ServerTimeoutError, UpstreamTimeout, "took too long to connect"),
    (aiohttp.ClientConnectorDNSError, UpstreamUnreachable, "has no address: the host name can't be resolved"),
    (aiohttp.ClientConnectorCertificateError, UpstreamUnreachable, "has a certificate that isn't trusted"),
    (aiohttp.ClientSSLError, UpstreamUnreachable, "failed the TLS handshake"),
    (aiohttp.ClientConnectorError, UpstreamUnreachable, "refused the connection"),
    (aiohttp.ServerDisconnectedError, UpstreamUnreachable, "closed the connection before it answered"),
    (aiohttp.ClientPayloadError, UpstreamBroken, "broke off in the middle of its answer"),
    (aiohttp.ClientResponseError, UpstreamBroken, "sent what isn't HTTP"),
    (aiohttp.InvalidURL, UpstreamUnreachable, "is not a valid address"),
    (aiohttp.ClientOSError, UpstreamUnreachable, "reset the connection"),
    (TimeoutError, UpstreamTimeout, "took too long"),
    (aiohttp.ClientError, UpstreamBroken, "failed"),
    (OSError, UpstreamUnreachable, "can't be reached"),
    (ValueError, UpstreamBroken, "sent what isn't HTTP"),
)


class Response:
    """A reply whose body is still to be read. Exactly one of ``release`` and ``abort`` ends it."""

    __slots__ = ("_address", "_reply", "headers", "status")

    def __init__(self, reply: aiohttp.ClientResponse, address: str) -> None:
        self._reply = reply
        self._address = address
        self.status = reply.status
        self.headers: Mapping[str, str] = reply.headers  # looked up without regard to case

    async def read(self) -> bytes:
        """The next piece of the body, as soon as there is one; empty at its end."""
        try:
            return await self._reply.content.readany()
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _mapped(error, self._address) from error

    async def read_all(self, limit: int) -> bytes:
        """The rest of the body, or its first ``limit`` bytes."""
        pieces, size = [], 0
        while size < limit and (piece := await self.read()):
            pieces.append(piece)
            size += len(piece)
        return b"".join(pieces)[:limit]

    def release(self) -> None:
        """The body has been read: the connection can be used again."""
        self._reply.release()

    def abort(self) -> None:
        """Nobody wants the rest: the connection is closed at once, and the provider stops working."""
        self._reply.close()


class Transport:
    """Connections to upstreams, kept open for reuse. Made inside a running event loop; closed by ``close``."""

    def __init__(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=60, keepalive_timeout=60),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=True,
            skip_auto_headers=("User-Agent", "Content-Type"),
            headers={"user-agent": "turnout", "accept-encoding": "identity"},
            read_bufsize=256 * 1024,
        )

    async def send(self, request: WireRequest, connect_timeout: float) -> Response:
        """Send ``request`` and wait for the reply's headers, however long that takes: the caller holds the clock.

        Raises ``UpstreamUnreachable``, ``UpstreamTimeout`` (for the connection only) or ``UpstreamBroken``.
        """
        try:
            reply = await self._session.request(
                request.method,
                _url(request.url),
                data=request.body or None,
                headers=request.headers,
                allow_redirects=False,
                timeout=_timeout(connect_timeout),
            )
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _mapped(error, address_of(request.url)) from error
        return Response(reply, address_of(request.url))

    async def close(self) -> None:
        await self._session.close()


@cache
def _timeout(connect: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, connect=None, sock_connect=connect, sock_read=None)


def _url(url: str) -> URL:
    return URL(url, encoded=True)


def address_of(url: str) -> str:
    """The part of a URL that may be shown: a path or a query could hold what is nobody's business."""
    parsed = URL(url)
    return str(parsed.origin()) if parsed.absolute and parsed.host else url.split("?")[0]


def _mapped(error: BaseException, address: str) -> UpstreamError:
    for foreign, ours, what in _ERRORS:
        if isinstance(error, foreign):
            return ours(f"{address} {what}{_detail(error)}.")
    raise TypeError(f"no mapping for {type(error).__name__}") from error


def _detail(error: BaseException) -> str:
    """The operating system's word, where it says more than ours does."""
    if isinstance(error, ssl.SSLError | aiohttp.ClientSSLError | aiohttp.ClientConnectorDNSError):
        return ""
    if isinstance(error, OSError) and error.strerror and not isinstance(error, aiohttp.ServerTimeoutError):
        return f" ({error.strerror})"
    return ""
