"""Adds cells to those that are kept: one statement a table, its rows in the order of their keys.

So two processes that add to the same cells wait for each other, and never for each other in a circle.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from operator import add
from typing import Any, Final

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from turnout.storage.tables import cubes

from .cells import Cells
from .dimensions import PLAIN, Cube
from .numbers import closed_days_grew
from .spending import first_open_day

HOURS_A_DAY: Final = 24

Key = tuple[Any, ...]
"""The values of a table's primary key."""


async def add_cells(connection: AsyncConnection, cells: Mapping[Cube, Cells]) -> None:
    """Adds them inside the open transaction. What is added may be negative, for example a cost that was too high."""
    for cube, tables in cubes.items():
        added = cells[cube]
        groups = [(group, *values) for group, values in added.groups.items()]
        await upsert(connection, tables.groups, groups)
        by_hour = _rows(added)
        await upsert(connection, tables.hours, [(*key, *sums) for key, sums in by_hour.items()])
        if tables.days is not None:
            await upsert(connection, tables.days, [(*key, *sums) for key, sums in _by_day(by_hour).items()])
    first_hour = min([hour for hour, *_ in cells[PLAIN].sums], default=None)
    if first_hour is not None and first_hour // HOURS_A_DAY <= first_open_day(time.time()):  # a clock may be ahead
        await closed_days_grew(connection)


def _rows(cells: Cells) -> dict[Key, Sequence[int]]:
    return {**cells.sums, **{bucket: (count,) for bucket, count in cells.counts.items()}}


def _by_day(by_hour: Mapping[Key, Sequence[int]]) -> dict[Key, Sequence[int]]:
    parts: defaultdict[Key, list[Sequence[int]]] = defaultdict(list)
    for (hour, *rest), sums in by_hour.items():
        parts[hour // HOURS_A_DAY, *rest].append(sums)
    return {key: _sum(sums) for key, sums in parts.items()}


def _sum(rows: Iterable[Sequence[int]]) -> Sequence[int]:
    first, *others = rows
    for row in others:
        first = tuple(map(add, first, row))
    return first


async def upsert(connection: AsyncConnection, table: Table, rows: list[tuple[Any, ...]]) -> None:
    if not rows:
        return
    rows.sort()
    if connection.dialect.name == "postgresql":
        arrays = tuple(map(list, zip(*rows, strict=True)))
        await connection.exec_driver_sql(_postgres_statement(table), arrays)
    else:
        await connection.exec_driver_sql(_sqlite_statement(table), rows)


@cache
def _sqlite_statement(table: Table) -> str:
    return f"{_beginning(table)} VALUES ({', '.join('?' * len(table.columns))}) {_conflict(table)}"


@cache
def _postgres_statement(table: Table) -> str:
    types = [column.type.compile() for column in table.columns]
    arrays = ", ".join(f"${number}::{type_}[]" for number, type_ in enumerate(types, start=1))
    return f"{_beginning(table)} SELECT * FROM unnest({arrays}) {_conflict(table)}"  # noqa: S608  # our own names only


def _beginning(table: Table) -> str:
    return f"INSERT INTO {table.name} ({', '.join(_quoted(table.columns.keys()))})"


def _conflict(table: Table) -> str:
    """A group that is there stays; a cell grows."""
    key = table.primary_key.columns.keys()
    sums = [name for name in _quoted(table.columns.keys()) if name not in _quoted(key)]
    if "group_id" not in key:
        return "ON CONFLICT DO NOTHING"
    grown = ", ".join(f"{name} = {table.name}.{name} + excluded.{name}" for name in sums)
    return f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {grown}"


def _quoted(names: Iterable[str]) -> list[str]:
    return [f'"{name}"' for name in names]
