"""Answers questions from the rollups: whole days from the cells of days, the rest from those of hours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, Table, func, select, union_all
from sqlalchemy.ext.asyncio import AsyncEngine

from turnout.errors import InvalidRequest
from turnout.storage.database import storage_errors
from turnout.storage.tables import cubes

from .asking import LatencyRow, UsageQuestion, UsageRow, cube_for, refuse_other_than_latencies
from .dimensions import LATENCIES, MEASURES
from .tables import CubeTables
from .writing import HOURS_A_DAY

MOST_BUCKETS = 100_000
"""Of one answer: some 2,000 rows with 50 buckets each."""


class Questions:
    """Every call raises ``StorageUnavailable`` when the database fails."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def sums(self, question: UsageQuestion) -> list[UsageRow]:
        """Raises ``InvalidRequest`` when no cube has the dimensions."""
        rows = await self._rows(sums_query(question))
        first = len(question.by)
        begin = first + (question.span is not None)
        return [
            UsageRow(
                tuple(row[:first]),
                None if question.span is None else int(row[first]),
                tuple(map(int, row[begin:])),
            )
            for row in rows
            if row[begin] is not None  # without dimensions there is a row also of no cells
        ]

    async def latencies(self, question: UsageQuestion) -> list[LatencyRow]:
        """Raises ``InvalidRequest`` for a dimension that times are not kept by, and for more than ``MOST_BUCKETS``."""
        rows = await self._rows(latencies_query(question).limit(MOST_BUCKETS + 1))
        if len(rows) > MOST_BUCKETS:
            raise InvalidRequest("These are too many times for one answer. Ask for a shorter period.", param="from")
        first = len(question.by)
        found: list[LatencyRow] = []
        for row in rows:
            span = None if question.span is None else int(row[first])
            timing, bucket, count = row[-3:]
            found.append(LatencyRow(tuple(row[:first]), span, timing, bucket, int(count)))
        return found

    async def _rows(self, query: Select[Any]) -> Sequence[Any]:
        with storage_errors():
            async with self._engine.connect() as connection:
                rows: Sequence[Any] = (await connection.execute(query)).all()
                return rows


def sums_query(question: UsageQuestion) -> Select[Any]:
    cells, keys, groups = _joined(cubes[cube_for(question)], question)
    sums = {name: func.sum(cells.c[name]).label(name) for name in MEASURES}
    order = [cells.c.span] if question.span else []
    largest = [sums[name].desc() for name in ("cost_high", "cost_low", "attempts")]
    query = select(*keys, *sums.values()).select_from(groups).group_by(*keys)
    return query.order_by(*order, *largest, *keys).limit(question.limit)


def latencies_query(question: UsageQuestion) -> Select[Any]:
    refuse_other_than_latencies(question)
    cells, keys, groups = _joined(cubes[LATENCIES], question)
    buckets = [*keys, cells.c.timing, cells.c.bucket]
    return select(*buckets, func.sum(cells.c["count"])).select_from(groups).group_by(*buckets)


def _joined(tables: CubeTables, question: UsageQuestion) -> tuple[Subquery, list[ColumnElement[Any]], Any]:
    """The cells of the period, what they are grouped by, and where both come from."""
    cells = union_all(*_parts(tables, question)).subquery("cells")
    groups = tables.groups
    keys: list[ColumnElement[Any]] = [(groups if name in groups.c else cells).c[name] for name in question.by]
    if question.span is not None:
        keys.append(cells.c.span)
    is_grouped = any(name in groups.c for name in question.by)
    return cells, keys, cells.join(groups, groups.c.id == cells.c.group_id) if is_grouped else cells


def _parts(tables: CubeTables, question: UsageQuestion) -> Iterator[Select[Any]]:
    begin, end, days = question.begin, question.end, tables.days
    first_day, last_day = -(-begin // HOURS_A_DAY), end // HOURS_A_DAY
    if days is None or question.span == "hour" or first_day >= last_day:
        yield _part(tables, tables.hours, question, begin, end)
        return
    yield _part(tables, days, question, first_day, last_day)
    for first, last in ((begin, first_day * HOURS_A_DAY), (last_day * HOURS_A_DAY, end)):
        if first < last:
            yield _part(tables, tables.hours, question, first, last)


def _part(tables: CubeTables, table: Table, question: UsageQuestion, begin: int, end: int) -> Select[Any]:
    time = table.c.day if table is tables.days else table.c.hour
    key = [column for column in table.primary_key.columns if column is not time]
    sums = [column for column in table.columns if not column.primary_key]
    span: list[ColumnElement[Any]] = (
        [] if question.span is None else [_in_span(tables, table, question.span).label("span")]
    )
    query: Select[Any] = select(*span, *key, *sums).where(time >= begin, time < end)
    groups = tables.groups.c
    of_cells = [table.c[name] == value for name, value in question.only.items() if name in table.c]
    of_groups = [groups[name] == value for name, value in question.only.items() if name in groups]
    if of_groups:
        of_cells.append(table.c.group_id.in_(select(groups.id).where(*of_groups)))
    return query.where(*of_cells)


def _in_span(tables: CubeTables, table: Table, span: str) -> ColumnElement[int]:
    if table is tables.days:
        return table.c.day
    return table.c.hour if span == "hour" else table.c.hour // HOURS_A_DAY
