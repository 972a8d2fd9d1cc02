"""Removes old attempts, in small batches. The rollups stay."""

from __future__ import annotations

from typing import Final

from sqlalchemy import delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from turnout.storage.database import storage_errors
from turnout.storage.tables import attempts, ratings

from .cells import HOUR
from .numbers import keep_since

BATCH: Final = 2_000
"""Attempts removed in one transaction: some 20 ms, during which SQLite lets nobody else write."""


class Retention:
    """Every call raises ``StorageUnavailable`` when the database fails."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def begin(self, hour: int) -> None:
        """Says that attempts before ``hour`` (counted from Unix time's start) go: no cell is made from them again.

        This comes first, so that no rollup is ever made again from what is left of an hour.
        """
        with storage_errors():
            async with self._engine.begin() as connection:
                await keep_since(connection, hour)

    async def remove_some(self, hour: int) -> int:
        """Removes some attempts that began before ``hour``, oldest first. Returns how many; 0 when none are left."""
        key = tuple_(attempts.c.request_id, attempts.c.attempt_id)
        old = (
            select(attempts.c.request_id, attempts.c.attempt_id)
            .where(attempts.c.started < hour * HOUR)
            .order_by(attempts.c.started)
            .limit(BATCH)
        )
        with storage_errors():
            async with self._engine.begin() as connection:
                return (await connection.execute(delete(attempts).where(key.in_(old)))).rowcount

    async def remove_ratings(self, hour: int) -> int:
        """The same of ratings of attempts that began before ``hour``. Call it when these attempts are gone."""
        key = tuple_(*ratings.primary_key.columns)
        old = select(*ratings.primary_key.columns).where(ratings.c.started < hour * HOUR).limit(BATCH)
        with storage_errors():
            async with self._engine.begin() as connection:
                return (await connection.execute(delete(ratings).where(key.in_(old)))).rowcount
