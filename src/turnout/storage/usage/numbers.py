"""Single numbers that are kept beside the rollups."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from turnout.storage.tables import usage_numbers

_KEPT_SINCE: Final = "kept_since"


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
