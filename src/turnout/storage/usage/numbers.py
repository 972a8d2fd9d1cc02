"""Single numbers that are kept beside the rollups."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from turnout.storage.tables import usage_numbers

_KEPT_SINCE: Final = "kept_since"
REVISION: Final = "revision"
"""Of the sums: it grows when they may have shrunk."""
CLOSED_DAYS: Final = "closed_days"
"""It grows when something is added to a day that is long over."""


async def kept_since(connection: AsyncConnection) -> int:
    """The first hour whose attempts are all kept. The cells of hours before it can't be made again."""
    query = select(usage_numbers.c.number).where(usage_numbers.c.name == _KEPT_SINCE)
    return int((await connection.execute(query)).scalar_one_or_none() or 0)


async def keep_since(connection: AsyncConnection, hour: int) -> None:
    """The number only grows, whoever says what and in which order."""
    await connection.execute(_GROW, {"name": _KEPT_SINCE, "number": hour})


_GROW: Final = text(
    "INSERT INTO usage_numbers (name, number) VALUES (:name, :number) "
    "ON CONFLICT (name) DO UPDATE SET number = excluded.number WHERE usage_numbers.number < excluded.number"
)


async def begin_revision(connection: AsyncConnection) -> None:
    """Call it last in a transaction that changes sums that were there: who adds to them doesn't wait for its row."""
    await connection.execute(_COUNT, {"name": REVISION})


async def closed_days_grew(connection: AsyncConnection) -> None:
    """Call it last, too, and before ``begin_revision``."""
    await connection.execute(_COUNT, {"name": CLOSED_DAYS})


_COUNT: Final = text(
    "INSERT INTO usage_numbers (name, number) VALUES (:name, 1) "
    "ON CONFLICT (name) DO UPDATE SET number = usage_numbers.number + 1"
)
