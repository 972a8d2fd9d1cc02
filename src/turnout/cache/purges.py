"""Purges that every process of a host carries out in its own memory: lines in a file, which each of them follows."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import msgspec

from turnout.telemetry import Condition

from .store import Purge

FILE_NAME: Final = "cache-purges"
_MOST_BYTES: Final = 64 * 1024
"""Of the file. Then it begins anew: whoever reads has read the old lines long since."""

_LOOK_SECONDS: Final = 0.25


class _Line(msgspec.Struct, frozen=True):
    """``by`` names the process, which doesn't carry its own purge out a second time."""

    by: str
    purge: Purge


_decode = msgspec.json.Decoder(_Line).decode


class PurgeFile:
    """What was purged before it is made doesn't matter: this process keeps nothing yet."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / FILE_NAME
        self._by = secrets.token_hex(8)
        self._read_until = self._size()
        self._condition = Condition("The file of the cache's purges", "Purges of other processes aren't carried out.")

    @property
    def error(self) -> str | None:
        return self._condition.error

    def write(self, purge: Purge) -> None:
        """Raises ``OSError``."""
        if self._size() > _MOST_BYTES:
            self._path.unlink(missing_ok=True)
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(file, msgspec.json.encode(_Line(self._by, purge)) + b"\n")
        finally:
            os.close(file)

    async def follow(self, carry_out: Callable[[Purge], Awaitable[object]]) -> None:
        """Until it is cancelled."""
        while True:
            try:
                purges = self._new()
            except (OSError, msgspec.DecodeError) as error:
                self._condition.broke(OSError(str(error)))
                purges = []
            else:
                self._condition.works()
            for purge in purges:
                await carry_out(purge)
            await asyncio.sleep(_LOOK_SECONDS)

    def _new(self) -> list[Purge]:
        """Raises ``OSError``, and ``DecodeError`` for what is no line of ours, which is passed over then."""
        size = self._size()
        if size == self._read_until:
            return []
        begin = self._read_until if size > self._read_until else 0
        with self._path.open("rb") as file:
            file.seek(begin)
            lines = file.read(size - begin).splitlines(keepends=True)
        whole = [line for line in lines if line.endswith(b"\n")]
        self._read_until = begin + sum(map(len, whole))
        return [line.purge for line in map(_decode, whole) if line.by != self._by]

    def _size(self) -> int:
        try:
            return self._path.stat().st_size
        except FileNotFoundError:
            return 0
