"""Fetches what a client's URL points to, without letting the client see what is inside the network.

The host is resolved once, its addresses are looked at, and one of those is connected to: a name can't lead elsewhere
between the check and the connection. Every redirect goes the same way. No credentials, no cookies, no kept connections.
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

from .connection import Connection, Response
from .mapping import FOREIGN, mapped
from .pool import head_of
from .public import is_public
from .target import Target, target_of

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The numeric addresses of a host, or ``OSError``."""

REDIRECTS: Final = 5
AT_ONCE: Final = 8
"""Fetches under way in a process: each may hold ``max_bytes``."""

_MOVED: Final = frozenset({301, 302, 303, 307, 308})
_ADDRESSES_TRIED: Final = 3
_CURE: Final = "Send the image as base64."


class Fetcher:
    """``private_hosts`` are patterns of hosts that may have private addresses.

    ``seconds`` bounds a whole fetch, its wait for a turn too.
    """

    def __init__(
        self, *, max_bytes: int, seconds: float, private_hosts: Sequence[str] = (), resolve: Resolve | None = None
    ) -> None:
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._private_hosts = [pattern.lower() for pattern in private_hosts]
        self._resolve = resolve or _resolved
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._tls: ssl.SSLContext | None = None

    async def fetch(self, url: str) -> bytes:
        """The body of the 200 at ``url``. Raises ``NotFetched``, in words that a client may read."""
        try:
            async with asyncio.timeout(self._seconds), self._turn:
                return await self._followed(url)
        except TimeoutError as error:
            raise NotFetched(f"its address did not give it within {self._seconds:g} s. {_CURE}") from error

    async def _followed(self, url: str) -> bytes:
        for _ in range(REDIRECTS + 1):
            response = await self._answer(url)
            try:
                if response.status not in _MOVED:
                    return await self._body(response)
                url = _joined(url, response.headers.get("location", ""))
            except UpstreamError as error:  # it speaks of whom we connected to
                raise NotFetched(f"its address broke off or sent what isn't HTTP. {_CURE}") from error
            finally:
                response.abort()
        raise NotFetched(f"its address redirects more than {REDIRECTS} times. {_CURE}")

    async def _answer(self, url: str) -> Response:
        target = _target(url)
        for address in await self._addresses(target):
            try:
                return await self._asked(target, address)
            except UpstreamError:
                continue
        raise NotFetched(f"its address can't be reached. {_CURE}")

    async def _addresses(self, target: Target) -> Sequence[str]:
        """Those that may be connected to. No such host and a host inside are told alike."""
        try:
            found = await self._resolve(target.host, target.port)
        except (OSError, UnicodeError):
            found = ()
        host = target.host.lower().rstrip(".")
        if not any(fnmatchcase(host, pattern) for pattern in self._private_hosts):
            found = [address for address in found if is_public(address)]
        if not found:
            raise NotFetched(f"its host has no public address. {_CURE}")
        return found[:_ADDRESSES_TRIED]

    async def _asked(self, target: Target, address: str) -> Response:
        try:
            _, connection = await asyncio.get_running_loop().create_connection(
                lambda: Connection(target.origin, _forget),
                address,
                target.port,
                ssl=self._tls_context() if target.secure else None,
                server_hostname=target.host if target.secure else None,
            )
        except FOREIGN as error:
            raise mapped(error, target.origin) from error
        try:
            connection.send(head_of("GET", target, {}, 0), b"")
            await connection.head()
            return Response(connection, Connection.close)
        except FOREIGN as error:
            connection.close()
            raise mapped(error, target.origin) from error
        except BaseException:
            connection.close()
            raise

    def _tls_context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls

    async def _body(self, response: Response) -> bytes:
        if response.status != 200:
            raise NotFetched(f"its address answers with status {response.status}. {_CURE}")
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


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise NotFetched(f"its address redirects to one that can't be read. {_CURE}") from error


def _target(url: str) -> Target:
    try:
        return target_of(url)
    except UpstreamError as error:
        raise NotFetched(f"its address is not of the form http(s)://host/…. {_CURE}") from error


async def _resolved(host: str, port: int) -> Sequence[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def _forget(_connection: Connection) -> None:
    """Nobody keeps a list of these."""
