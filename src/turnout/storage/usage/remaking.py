"""Makes the rollups again from the attempts, and compares. One hour is one transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from sqlalchemy import Column, Select, Table, delete, func, insert, literal, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from turnout.storage.database import storage_errors
from turnout.storage.rated import rated_attempts
from turnout.storage.tables import attempts, cubes

from .cells import HOUR, Cells, cells_of
from .dimensions import CUBES, PLAIN, Cube
from .numbers import begin_revision, kept_since
from .tables import CubeTables
from .writing import HOURS_A_DAY, add_cells

_PAGE: Final = 10_000
"""Attempts in memory at once."""


class Remaking:
    """Every call raises ``StorageUnavailable`` when the database fails. Hours are counted from Unix time's start."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def hours(self) -> list[int]:
        """The hours that have attempts or cells, of those whose attempts are all kept."""
        with storage_errors():
            async with self._engine.connect() as connection:
                since = await kept_since(connection)
                with_attempts = await _spans(connection, attempts.c.started, HOUR, since)
                with_cells = await _spans(connection, cubes[PLAIN].hours.c.hour, 1, since)
        return sorted(with_attempts | with_cells)

    async def differences(self, hour: int) -> int:
        """How many cells of an hour aren't the sums of its attempts, or have no group.

        0 for an hour that is not wholly kept any more.
        """
        with storage_errors():
            async with self._alone() as connection:
                if hour < await kept_since(connection):
                    return 0
                made = await _made(connection, hour)
                kept = {cube: await _kept(connection, cubes[cube], hour) for cube in CUBES}
                orphans = sum([await _orphans(connection, cubes[cube], hour) for cube in CUBES])
        return orphans + sum(_size(made[cube].without(kept[cube])) for cube in CUBES)

    async def remake(self, hour: int) -> None:
        """Adds to the cells of an hour what they lack, unless it is not wholly kept any more. Its day gets the same."""
        with storage_errors():
            async with self._alone() as connection:
                if hour < await kept_since(connection):
                    return
                made = await _made(connection, hour)
                missing = {c: cells.without(await _kept(connection, cubes[c], hour)) for c, cells in made.items()}
                await add_cells(connection, missing)
                await begin_revision(connection)

    async def days(self) -> list[int]:
        """The days that have cells."""
        with storage_errors():
            async with self._engine.connect() as connection:
                of_hours = await _spans(connection, cubes[PLAIN].hours.c.hour, HOURS_A_DAY)
                of_days = await _spans(connection, _days(cubes[PLAIN]).c.day, 1)
        return sorted(of_hours | of_days)

    async def day_differences(self, day: int) -> int:
        """How many cells of a day aren't the sums of its hours' cells."""
        with storage_errors():
            async with self._alone() as connection:
                return sum([await _differing(connection, cubes[cube], day) for cube in CUBES if cube.by_day])

    async def remake_day(self, day: int) -> None:
        """Replaces the cells of a day by the sums of its hours' cells."""
        with storage_errors():
            async with self._alone() as connection:
                for cube in CUBES:
                    if cube.by_day:
                        days = _days(cubes[cube])
                        await connection.execute(delete(days).where(days.c.day == day))
                        sums = _sums_of_hours(cubes[cube], day)
                        await connection.execute(insert(days).from_select(days.columns.keys(), sums))
                await begin_revision(connection)

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[AsyncConnection]:
        """A transaction while which nobody else writes cells. Settling waits for it.

        Settling adds attempts and then their cells. So an attempt that this doesn't see has no cell yet.
        """
        async with self._engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                await connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                names = ", ".join(table.name for tables in cubes.values() for table in tables.cells)
                await connection.execute(text(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE"))
            yield connection
            await connection.commit()


async def _spans(connection: AsyncConnection, column: Column[Any], width: int, first: int = 0) -> set[int]:
    """The spans of ``width`` from ``first`` on that have rows: a look into the index for each span, not each row."""
    found: set[int] = set()
    place = first * width
    while (value := await connection.scalar(select(func.min(column)).where(column >= place))) is not None:
        found.add(value // width)
        place = (value // width + 1) * width
    return found


async def _made(connection: AsyncConnection, hour: int) -> dict[Cube, Cells]:
    """The cells of the hour's attempts, by their newest ratings."""
    made = {cube: Cells() for cube in CUBES}
    async for rows in _pages(connection, hour):
        made = {cube: made[cube].merged(cells) for cube, cells in cells_of(rows).items()}
    return made


async def _pages(connection: AsyncConnection, hour: int) -> AsyncIterator[Sequence[Sequence[Any]]]:
    place = tuple_(attempts.c.started, attempts.c.attempt_id)
    in_hour = (attempts.c.started >= hour * HOUR) & (attempts.c.started < (hour + 1) * HOUR)
    after: tuple[int, str] = (hour * HOUR, "")
    while True:
        query = rated_attempts().where(in_hour, place > after).order_by(*place).limit(_PAGE)
        rows = (await connection.execute(query)).all()
        yield rows
        if len(rows) < _PAGE:
            return
        after = (rows[-1].started, rows[-1].attempt_id)


async def _kept(connection: AsyncConnection, tables: CubeTables, hour: int) -> Cells:
    rows = (await connection.execute(select(tables.hours).where(tables.hours.c.hour == hour))).all()
    kept, key = Cells(), len(tables.hours.primary_key.columns)
    for row in rows:
        if "bucket" in tables.hours.c:
            kept.counts[row.hour, row.group_id, row.timing, row.bucket] = row[key]
        else:
            kept.sums[tuple(row[:key])] = tuple(row[key:])
    return kept


async def _orphans(connection: AsyncConnection, tables: CubeTables, hour: int) -> int:
    """Cells whose group is missing: a question by the group's dimensions would pass over them."""
    cells, groups = tables.hours.c, tables.groups.c
    missing = ~select(groups.id).where(groups.id == cells.group_id).exists()
    query = select(func.count()).select_from(tables.hours).where(cells.hour == hour, missing)
    return int((await connection.execute(query)).scalar_one())


def _size(cells: Cells) -> int:
    return len(cells.sums) + len(cells.counts)


def _days(tables: CubeTables) -> Table:
    assert tables.days is not None  # noqa: S101
    return tables.days


def _sums_of_hours(tables: CubeTables, day: int) -> Select[Any]:
    """What the cells of a day have to be."""
    hours, days = tables.hours, _days(tables)
    key = [column.name for column in days.primary_key.columns if column.name != "day"]
    sums = [func.sum(hours.c[column.name]).label(column.name) for column in days.columns if not column.primary_key]
    of_day = hours.c.hour.between(day * HOURS_A_DAY, (day + 1) * HOURS_A_DAY - 1)
    groups = [hours.c[name] for name in key]
    return select(literal(day).label("day"), *groups, *sums).where(of_day).group_by(*groups)


async def _differing(connection: AsyncConnection, tables: CubeTables, day: int) -> int:
    days = _days(tables)
    kept = {tuple(map(_plain, row)) for row in await connection.execute(select(days).where(days.c.day == day))}
    made = {tuple(map(_plain, row)) for row in await connection.execute(_sums_of_hours(tables, day))}
    key, nothing = len(days.primary_key.columns), {0}
    return len({row[:key] for row in kept ^ made if {*row[key:]} != nothing})


def _plain(value: Any) -> int | str:
    """Postgres gives sums as decimals."""
    return value if isinstance(value, str) else int(value)
