"""The part of the database that the ledger uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from turnout.core import EndedAttempt
from turnout.storage import LazyDatabase


class Store(Protocol):
    """The attempts in the database. Every call may raise ``StorageUnavailable``."""

    async def insert(self, attempts: Sequence[EndedAttempt]) -> int:
        """Adds all attempts or none; passes over those that are there. Returns how many were new."""
        ...

    async def of_request(self, request_id: str) -> list[EndedAttempt]: ...


class LazyStore:
    """Opens the ``Store`` at the first call of ``ready``: the service starts and runs without a database, too."""

    def __init__(self, database: LazyDatabase) -> None:
        self._database = database

    async def ready(self) -> Store:
        """Raises ``StorageUnavailable``; the next call tries again."""
        return await self._database.attempts()

    async def close(self) -> None:
        await self._database.close()
