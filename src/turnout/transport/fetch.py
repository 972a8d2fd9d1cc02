"""Fetches a client's URL, and never lets the client reach a private address.

It resolves the host once, checks the addresses, and connects to one of those: the name can't lead elsewhere between the
check and the connection. It checks every redirect in the same way. It sends no credentials and no cookies, and keeps no
connections.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from fnmatch import fnmatchcase
from typing import Final
from urllib.parse import urljoin

from turnout.errors import NotFetched, UpstreamError

from .connection import Connection
from .mapping import FOREIGN, upstream_error
from .pool import head_of
from .public import is_public
from .response import Response
from .target import Target, target_of

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Resolves a host and a port to numeric addresses; raises ``OSError``."""

REDIRECTS: Final = 5
AT_ONCE: Final = 8
"""Concurrent fetches of a process. Each may hold ``max_bytes``."""

_REDIRECT_STATUSES: Final = frozenset({301, 302, 303, 307, 308})
_ADDRESSES_TRIED: Final = 3
_ADVICE: Final = "Send the image as base64."


class Fetcher:
    """``private_hosts`` are patterns of hosts that may have private addresses.

    ``seconds`` bounds a whole fetch, and its wait for other fetches.
    """

    def __init__(
        self, *, max_bytes: int, seconds: float, private_hosts: Sequence[str] = (), resolve: Resolve | None = None
    ) -> None:
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._private_hosts = [pattern.lower() for pattern in private_hosts]
        self._resolve = resolve or _resolve
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._tls: ssl.SSLContext | None = None

    async def fetch(self, url: str) -> bytes:
        """The body at ``url``, which has to answer with 200. Raises ``NotFetched``, whose message a client may read."""
        try:
            async with asyncio.timeout(self._seconds), self._slots:
                return await self._follow(url)
        except TimeoutError as error:
            raise NotFetched(f"its address did not give it within {self._seconds:g} s. {_ADVICE}") from error

    async def _follow(self, url: str) -> bytes:
        for _ in range(REDIRECTS + 1):
            response = await self._get(url)
            try:
                if response.status not in _REDIRECT_STATUSES:
                    return await self._body(response)
                url = _join(url, response.headers.get("location", ""))
            except UpstreamError as error:  # its message names the address
                raise NotFetched(f"its address broke off or sent what isn't HTTP. {_ADVICE}") from error
            finally:
                response.abort()
        raise NotFetched(f"its address redirects more than {REDIRECTS} times. {_ADVICE}")

    async def _get(self, url: str) -> Response:
        target = _target(url)
        for address in await self._allowed_addresses(target):
            try:
                return await self._get_from(address, target)
            except UpstreamError:
                continue
        raise NotFetched(f"its address can't be reached. {_ADVICE}")

    async def _allowed_addresses(self, target: Target) -> Sequence[str]:
        """An unknown host and a private one give the same error, so that a client can't find out private names."""
        try:
            addresses = await self._resolve(target.host, target.port)
        except (OSError, UnicodeError):
            addresses = ()
        host = target.host.lower().rstrip(".")
        if not any(fnmatchcase(host, pattern) for pattern in self._private_hosts):
            addresses = [address for address in addresses if is_public(address)]
        if not addresses:
            raise NotFetched(f"its host has no public address. {_ADVICE}")
        return addresses[:_ADDRESSES_TRIED]

    async def _get_from(self, address: str, target: Target) -> Response:
        try:
            _, connection = await asyncio.get_running_loop().create_connection(
                lambda: Connection(target.origin, _ignore_loss),
                address,
                target.port,
                ssl=self._tls_context() if target.secure else None,
                server_hostname=target.host if target.secure else None,
            )
        except FOREIGN as error:
            raise upstream_error(error, target.origin) from error
        try:
            connection.send(head_of("GET", target, {}, 0), b"")
            await connection.head()
            return Response(connection, Connection.close)
        except FOREIGN as error:
            connection.close()
            raise upstream_error(error, target.origin) from error
        except BaseException:
            connection.close()
            raise

    def _tls_context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls

    async def _body(self, response: Response) -> bytes:
        if response.status != 200:
            raise NotFetched(f"its address answers with status {response.status}. {_ADVICE}")
        announced = response.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > self._max_bytes:
            raise self._too_large()
        pieces, size = [], 0
        while piece := await response.read():
            size += len(piece)
            if size > self._max_bytes:
                raise self._too_large()
            pieces.append(piece)
        return b"".join(pieces)

    def _too_large(self) -> NotFetched:
        return NotFetched(f"what is at its address is larger than {self._max_bytes:,} bytes. Send a smaller one.")


def _join(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise NotFetched(f"its address redirects to one that can't be read. {_ADVICE}") from error


def _target(url: str) -> Target:
    try:
        return target_of(url)
    except UpstreamError as error:
        raise NotFetched(f"its address is not of the form http(s)://host/…. {_ADVICE}") from error


async def _resolve(host: str, port: int) -> Sequence[str]:
    infos = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in infos]


def _ignore_loss(_connection: Connection) -> None:
    """There is no pool to take the connection out of."""
