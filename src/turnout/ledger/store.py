"""What the ledger asks of the database."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, cast

from turnout.storage import AttemptRow, database_url


class Store(Protocol):
    """The settled attempts. Every call may raise ``StorageUnavailable``."""

    async def insert(self, rows: Sequence[AttemptRow]) -> int:
        """Adds the rows at once or not at all; passes over those that are there. How many were new."""
        ...

    async def of_request(self, request_id: str) -> list[AttemptRow]: ...

    async def close(self) -> None: ...


class LazyStore:
    """Opens the ``Store`` when it is first asked for: the service needs no database to be ready, nor to stay up."""

    def __init__(self, data_dir: Path, told_url: str | None) -> None:
        """Raises ``ConfigError``."""
        self._url = database_url(data_dir, told_url)
        self._store: Store | None = None
        self._opening = asyncio.Lock()

    async def ready(self) -> Store:
        """Raises ``StorageUnavailable``; the next call tries again."""
        async with self._opening:
            if self._store is None:
                module = await asyncio.to_thread(importlib.import_module, "turnout.storage.attempts")
                self._store = cast(Store, await module.Attempts.open(self._url))
            return self._store

    async def close(self) -> None:
        if self._store is not None:
            await self._store.close()
