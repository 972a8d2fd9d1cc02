"""What the ledger asks of the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from turnout.storage import AttemptRow, LazyDatabase


class Store(Protocol):
    """The settled attempts. Every call may raise ``StorageUnavailable``."""

    async def insert(self, rows: Sequence[AttemptRow]) -> int:
        """Adds the rows at once or not at all; passes over those that are there. How many were new."""
        ...

    async def of_request(self, request_id: str) -> list[AttemptRow]: ...


class LazyStore:
    """Opens the ``Store`` when it is first asked for: the service needs no database to be ready, nor to stay up."""

    def __init__(self, database: LazyDatabase) -> None:
        self._database = database

    async def ready(self) -> Store:
        """Raises ``StorageUnavailable``; the next call tries again."""
        return await self._database.attempts()

    async def close(self) -> None:
        await self._database.close()
