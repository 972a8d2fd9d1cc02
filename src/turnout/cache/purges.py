"""Purges that every process of a host carries out in its own memory: lines in a file, which each of them follows."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import msgspec

from .store import Purge

FILE_NAME: Final = "cache-purges"
_MOST_BYTES: Final = 64 * 1024
"""Of the file. Then it begins anew: whoever reads has read the old lines long since."""

_LOOK_SECONDS: Final = 0.25
_decode = msgspec.json.Decoder(Purge).decode


class PurgeFile:
    """What was purged before it is made doesn't matter: this process keeps nothing yet."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / FILE_NAME
        self._read_until = self._size()

    def write(self, purge: Purge) -> None:
        """Raises ``OSError``."""
        if self._size() > _MOST_BYTES:
            self._path.unlink(missing_ok=True)
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(file, msgspec.json.encode(purge) + b"\n")
        finally:
            os.close(file)

    async def follow(self, carry_out: Callable[[Purge], Awaitable[object]]) -> None:
        """Until it is cancelled."""
        while True:
            for purge in self._new():
                await carry_out(purge)
            await asyncio.sleep(_LOOK_SECONDS)

    def _new(self) -> list[Purge]:
        size = self._size()
        if size == self._read_until:
            return []
        with self._path.open("rb") as file:
            if size > self._read_until:
                file.seek(self._read_until)
            lines = file.read(size).splitlines(keepends=True)
        whole = [line for line in lines if line.endswith(b"\n")]
        begin = self._read_until if size > self._read_until else 0
        self._read_until = begin + sum(map(len, whole))
        return [_decode(line) for line in whole]

    def _size(self) -> int:
        try:
            return self._path.stat().st_size
        except FileNotFoundError:
            return 0
