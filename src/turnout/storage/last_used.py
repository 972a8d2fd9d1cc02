"""When keys were used last, from the sums by hour."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from .database import storage_errors
from .tables import cubes
from .usage.dimensions import PLAIN


class LastUsed:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def hours(self, key_ids: Sequence[str]) -> dict[str, int]:
        """The last Unix hour with an attempt of each key that has one. Raises ``StorageUnavailable``."""
        groups, hours, _ = cubes[PLAIN]
        last = select(func.max(hours.c.hour)).where(hours.c.group_id == groups.c.id).scalar_subquery()
        query = select(groups.c.key_id, func.max(last)).where(groups.c.key_id.in_(key_ids)).group_by(groups.c.key_id)
        with storage_errors():
            async with self._engine.connect() as connection:
                return {row[0]: row[1] for row in await connection.execute(query) if row[1] is not None}
