"""The reply that is read from a connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping

from turnout.errors import UpstreamBroken

from .codings import REGISTERED, Unpacker, UnpackError, can_unpack, named_codings, offered
from .connection import Connection
from .mapping import upstream_error


class Response:
    """A reply whose body has not been read yet. The caller ends it by exactly one of ``release`` and ``abort``."""

    __slots__ = ("_connection", "_pieces", "_release", "_unpacker", "headers", "status")

    def __init__(self, connection: Connection, release: Callable[[Connection], None]) -> None:
        self._connection = connection
        self._release = release
        self.status = connection.status
        self.headers: Mapping[str, str] = connection.headers  # names in lower case
        encoding = self.headers.get("content-encoding")
        self._unpacker = None if encoding is None else self._unpacker_of(encoding)
        self._pieces: Iterator[bytes] = iter(())

    def _unpacker_of(self, encoding: str) -> Unpacker | None:
        """Turnout never asks for compression, but a proxy on the way may compress all the same.

        A name that isn't a coding says nothing of the body, as in httpx, requests and undici.
        """
        codings = [coding for coding in named_codings(encoding) if coding in offered() or coding in REGISTERED]
        if can_unpack(codings):
            return Unpacker(codings) if codings else None
        self.abort()
        raise UpstreamBroken(
            f"{self._connection.origin} answered in '{encoding}', though no compression was asked for."
        )

    async def read(self) -> bytes:
        """The next piece of the body, as soon as there is one; empty at its end."""
        if self._unpacker is None:
            return await self._connection.read()
        try:
            return await self._read_unpacked(self._unpacker)
        except UnpackError as error:
            raise upstream_error(error, self._connection.origin) from error

    async def _read_unpacked(self, unpacker: Unpacker) -> bytes:
        """Unpacks one piece at a time, and lets other tasks run between: a few bytes can unpack to very many."""
        is_first = False
        while True:
            for piece in self._pieces:
                if not is_first:
                    await asyncio.sleep(0)
                if piece:
                    return piece
            data = await self._connection.read()
            if not data:
                unpacker.close()
                return b""
            self._pieces, is_first = unpacker.unpack(data), True

    async def read_all(self, limit: int) -> bytes:
        """The rest of the body, or its first ``limit`` bytes."""
        pieces, size = [], 0
        while size < limit and (piece := await self.read()):
            pieces.append(piece)
            size += len(piece)
        return b"".join(pieces)[:limit]

    def release(self) -> None:
        """Gives the connection back for reuse, after the whole body has been read."""
        self._release(self._connection)

    def abort(self) -> None:
        """Closes the connection at once, so that the provider stops working."""
        self._connection.close()
