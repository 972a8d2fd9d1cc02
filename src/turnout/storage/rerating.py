"""Rates attempts again, a batch in a transaction: new ratings, and their differences in the rollups."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from sqlalchemy import insert, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from .attempt_rows import COLUMNS, attempt_of
from .audit import write_entry
from .database import storage_errors
from .rated import NEWEST, rated_attempts
from .rerating_batch import Rate, Rated, RatedBatch, RatedPeriod, Rerated
from .rows import AuditEntry
from .tables import attempts, ratings
from .usage.cells import cells_of
from .usage.numbers import begin_revision
from .usage.writing import add_cells

BATCH: Final = 200
"""Attempts in one transaction: 0.1 to 0.2 s on a busy machine with 2 cores, while SQLite lets nobody else write."""

_LOCK: Final = 0x74_72_61_74_65  # "trate": the key of the lock that a batch holds in Postgres
_COST, _VERSION = COLUMNS.index("cost"), COLUMNS.index("price_version")
_place = tuple_(attempts.c.started, attempts.c.request_id, attempts.c.attempt_id)

Row = tuple[Any, ...]
"""The values of ``COLUMNS``, and the number of the newest of the later ratings."""


class Rerating:
    """Every call raises ``StorageUnavailable`` when the database fails."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def look(self, period: RatedPeriod, after: tuple[int, str, str] | None, rate: Rate) -> RatedBatch:
        """What ``rerate`` would do to the next attempts of the period."""
        with storage_errors():
            async with self._engine.connect() as connection:
                rows = await _rows(connection, period, after)
        return _batch(rows, _changes(rows, rate))

    async def rerate(
        self, period: RatedPeriod, after: tuple[int, str, str] | None, rate: Rate, entry: AuditEntry | None
    ) -> RatedBatch:
        """Rates the next attempts of the period. An attempt whose cost stays the same gets no new rating.

        ``entry`` is written into the audit log if anything changes: a run writes one.

        So what was rated before a stop isn't rated again, and what is done twice changes nothing.
        """
        with storage_errors():
            async with self._alone() as connection:
                rows = await _rows(connection, period, after)
                changes = _changes(rows, rate)
                await _write(connection, rows, changes)
                if changes and entry is not None:
                    await write_entry(connection, entry)
        return _batch(rows, changes)

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[AsyncConnection]:
        """A transaction while which nobody else rates. Settling goes on in Postgres, and waits in SQLite."""
        async with self._engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                await connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            yield connection
            await connection.commit()


async def _rows(connection: AsyncConnection, period: RatedPeriod, after: tuple[int, str, str] | None) -> Sequence[Row]:
    query = rated_attempts(NEWEST.c.number).where(
        attempts.c.started >= period.begin, attempts.c.started < period.end, attempts.c.usage_source.is_not(None)
    )
    if period.model is not None:
        query = query.where(attempts.c.model == period.model)
    if after is not None:
        query = query.where(_place > after)
    rows = await connection.execute(query.order_by(*_place).limit(BATCH))
    return [tuple(row) for row in rows]


def _changes(rows: Sequence[Row], rate: Rate) -> dict[int, Rated]:
    """The ratings that differ from those that count, by the place of their row."""
    found: dict[int, Rated] = {}
    for place, row in enumerate(rows):
        rated = rate(attempt_of(dict(zip(COLUMNS, row, strict=False))))
        if rated is not None and rated.cost != row[_COST]:
            found[place] = rated
    return found


async def _write(connection: AsyncConnection, rows: Sequence[Row], changes: dict[int, Rated]) -> None:
    if not changes:
        return
    now = int(time.time())
    added = [_rating(rows[place], rated, now) for place, rated in changes.items()]
    await connection.execute(insert(ratings), added)
    before = cells_of([rows[place] for place in changes])
    after = cells_of([_with(rows[place], rated) for place, rated in changes.items()])
    await add_cells(connection, {cube: cells.without(before[cube]) for cube, cells in after.items()})
    await begin_revision(connection)


def _rating(row: Row, rated: Rated, now: int) -> dict[str, Any]:
    values = dict(zip(COLUMNS, row, strict=False))
    return {
        "request_id": values["request_id"],
        "attempt_id": values["attempt_id"],
        "number": (row[-1] or 0) + 1,
        "started": values["started"],
        "price_version": rated.version,
        "cost": rated.cost,
        "rated": now,
    }


def _with(row: Row, rated: Rated) -> Row:
    changed = list(row)
    changed[_COST], changed[_VERSION] = rated
    return tuple(changed)


def _batch(rows: Sequence[Row], changes: dict[int, Rated]) -> RatedBatch:
    values = [dict(zip(COLUMNS, row, strict=False)) for row in rows]
    rerated = [
        Rerated(each["model"], each["cost"], changes[place].cost if place in changes else each["cost"])
        for place, each in enumerate(values)
    ]
    last = values[-1] if len(rows) == BATCH else None
    following = None if last is None else (last["started"], last["request_id"], last["attempt_id"])
    return RatedBatch(rerated, following)
