"""Reads and writes the attempts' table."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import chain

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from .database import open_database, telling_of_faults
from .rows import AttemptRow
from .tables import attempts

ROWS_PER_STATEMENT = 512
"""Times the columns, this has to stay below the parameters that SQLite takes in one statement (32,766)."""


class Attempts:
    """The settled attempts. Every call raises ``StorageUnavailable`` when the database fails."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @classmethod
    async def open(cls, url: str) -> Attempts:
        return cls(await open_database(url))

    async def insert(self, rows: Sequence[AttemptRow]) -> int:
        """Adds the rows in one transaction; those that are there already stay as they are. How many were new."""
        added = 0
        with telling_of_faults():
            async with self._engine.begin() as connection:
                for first in range(0, len(rows), ROWS_PER_STATEMENT):
                    few = _padded(rows[first : first + ROWS_PER_STATEMENT])
                    values = tuple(chain.from_iterable(map(msgspec.structs.astuple, few)))
                    added += (await connection.exec_driver_sql(_insert(len(few)), values)).rowcount
        return added

    async def of_request(self, request_id: str) -> list[AttemptRow]:
        """A request's attempts, in no order."""
        question = select(attempts).where(attempts.c.request_id == request_id)
        with telling_of_faults():
            async with self._engine.connect() as connection:
                found = await connection.execute(question)
                return [AttemptRow(*row) for row in found]

    async def close(self) -> None:
        await self._engine.dispose()


def _padded(rows: Sequence[AttemptRow]) -> Sequence[AttemptRow]:
    """``rows``, with the last one repeated until their number is one of few, so that few statements are prepared.

    Preparing one costs more than running it. The repeats cost little and aren't let in. The number's two highest bits
    are kept and the rest rounded up: …, 32, 48, 64, 96, 128, …
    """
    step = 1 << max(len(rows).bit_length() - 2, 0)
    missing = -len(rows) % step
    return [*rows, *[rows[-1]] * missing] if missing else rows


@cache
def _insert(rows: int) -> str:
    """SQLite's statement for so many rows; the parameters are their fields, one row after the other.

    One statement for many rows, because its work is done without Python's lock, and in one go. Another database's
    form of it belongs here, chosen by the engine's dialect.
    """
    names = ", ".join(f'"{column.name}"' for column in attempts.columns)
    row = f"({', '.join('?' * len(attempts.columns))})"
    values = ", ".join([row] * rows)
    return f"INSERT INTO attempts ({names}) VALUES {values} ON CONFLICT DO NOTHING"  # noqa: S608  # our own names only
