"""Reads and writes the attempts' table."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Final

from sqlalchemy import tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from turnout.core import EndedAttempt

from . import bulk
from .attempt_rows import attempt_of
from .database import storage_errors
from .rated import rated_attempts
from .tables import attempts
from .usage.cells import cells_of
from .usage.writing import add_cells

_PAGE: Final = 1000  # rows


class Attempts:
    """The settled attempts, each with its newest rating.

    Every call raises ``StorageUnavailable`` when the database fails.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def insert(self, new_attempts: Sequence[EndedAttempt]) -> int:
        """Adds attempts in one transaction, also to the rollups. Those that are there already stay as they are.

        Returns how many are new.
        """
        with storage_errors():
            async with self._engine.begin() as connection:
                new_rows = await bulk.insert(connection, new_attempts)
                await add_cells(connection, cells_of(new_rows))
        return len(new_rows)

    async def of_request(self, request_id: str) -> list[EndedAttempt]:
        """A request's attempts, in no particular order."""
        query = rated_attempts().where(attempts.c.request_id == request_id)
        with storage_errors():
            async with self._engine.connect() as connection:
                rows = await connection.execute(query)
                return [attempt_of(dict(row)) for row in rows.mappings()]

    async def started_since(self, since: int) -> AsyncIterator[Sequence[EndedAttempt]]:
        """All that began at ``since`` or later, oldest first, in pages. A Unix time in microseconds."""
        place = tuple_(attempts.c.started, attempts.c.attempt_id)
        after = (since, "")
        while True:
            query = rated_attempts().where(place > after).order_by(*place).limit(_PAGE)
            with storage_errors():
                async with self._engine.connect() as connection:
                    rows = (await connection.execute(query)).mappings().all()
            page = [attempt_of(dict(row)) for row in rows]
            yield page
            if len(page) < _PAGE:
                return
            after = (page[-1].start.started, page[-1].start.attempt_id)
