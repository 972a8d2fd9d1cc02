"""What was used at a provider on a day, by upstream model and deployment, from the attempts themselves."""

from __future__ import annotations

from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from .database import storage_errors
from .rated import COST, RATED
from .rows import UseRow
from .tables import attempts
from .usage.dimensions import COST_UNIT

DAY: Final = 86_400_000_000
"""Microseconds."""


class RecordedUse:
    """Every call raises ``StorageUnavailable`` when the database fails."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def of_day(self, provider: str, day: int) -> list[UseRow]:
        """Attempts that began on the Unix day ``day`` in UTC, with what they cost by their newest rating."""
        names = attempts.c.upstream_model, attempts.c.deployment
        cost = COST.element
        sums = [attempts.c.input, attempts.c.output, cost // COST_UNIT, cost % COST_UNIT]
        query = (
            select(*names, *[func.coalesce(func.sum(each), 0) for each in sums])
            .select_from(RATED)
            .where(attempts.c.started >= day * DAY, attempts.c.started < (day + 1) * DAY)
            .where(attempts.c.provider == provider, attempts.c.usage_source.is_not(None))
            .group_by(*names)
        )
        with storage_errors():
            async with self._engine.connect() as connection:
                rows = (await connection.execute(query)).all()
        return [
            UseRow(model, deployment, int(input_), int(output), int(high) * COST_UNIT + int(low))
            for model, deployment, input_, output, high, low in rows
        ]
