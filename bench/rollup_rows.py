"""Fills the rollups of ``bench.rollups`` with statements: in Python, ten million attempts would take half an hour.

Every attempt there has a session and one tag, so one table leads to the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from turnout.storage.attempt_rows import USAGE_COLUMNS
from turnout.storage.tables import cubes
from turnout.storage.usage.dimensions import (
    COST_UNIT,
    LATENCIES,
    MEASURES,
    OUTCOMES,
    PIECES,
    PLAIN,
    SESSIONS,
    SHARED,
    TAGS,
    TOKENS,
    Cube,
    group_id,
)
from turnout.storage.usage.sketch import GROWTH
from turnout.storage.usage.writing import HOURS_A_DAY, upsert

_HOUR = "started / 3600000000"
_BATCH = 20_000
LONGEST = 3600  # seconds of a statement; the service's own are given 30
_FAULTS = {"client": "'client_gone'", "turnout": "'drained', 'lost'", "provider": "'failed', 'cut'"}


def _measures() -> dict[str, str]:
    """The sum over attempts that each measure is."""
    columns = {field: column for column, field in USAGE_COLUMNS.items()}
    tokens = {name: f"sum(coalesce({columns[name]}, 0))" for name in (*TOKENS, *PIECES)}
    unpriced = "cost IS NULL AND usage_source IS NOT NULL"
    return {
        "requests": "count(*) FILTER (WHERE number = 1)",
        "attempts": "count(*)",
        **{outcome: f"count(*) FILTER (WHERE outcome = '{outcome}')" for outcome in OUTCOMES},
        **{f"fault_{fault}": f"count(*) FILTER (WHERE outcome IN ({names}))" for fault, names in _FAULTS.items()},
        **tokens,
        "estimated": "count(*) FILTER (WHERE usage_source <> 'reported')",
        "unmetered": "count(*) FILTER (WHERE usage_source IS NULL)",
        "unpriced": f"count(*) FILTER (WHERE {unpriced})",
        "unpriced_tokens": f"coalesce(sum(input + output) FILTER (WHERE {unpriced}), 0)",
        "cost_high": f"sum(coalesce(cost, 0) / {COST_UNIT})",
        "cost_low": f"sum(coalesce(cost, 0) % {COST_UNIT})",
    }


async def fill_rollups(engine: AsyncEngine) -> None:
    by_name = _measures()
    sums = ", ".join(by_name[name] for name in MEASURES)
    again = ", ".join(f"sum(c.{name})" for name in MEASURES)
    async with engine.begin() as connection:
        await connection.execute(text("SET LOCAL work_mem = '1GB'"))
        await connection.execute(text("SET LOCAL max_parallel_workers_per_gather = 2"))
        dimensions = _listed((*SHARED, "session"))
        made = f"SELECT {_HOUR} AS hour, {dimensions}, {sums} FROM attempts GROUP BY 1, {dimensions}"
        names = _listed(MEASURES)
        await _run(connection, f"CREATE TEMP TABLE made (hour, {dimensions}, {names}) ON COMMIT DROP AS {made}")
        await _run(connection, "ALTER TABLE made ADD COLUMN tag text")
        await _run(connection, "UPDATE made SET tag = 'team-' || split_part(\"user\", '-', 2)::int % 20")
        columns = _listed(SHARED)
        await _groups(connection, PLAIN, f"SELECT DISTINCT {columns} FROM made")
        joined = f"made AS c JOIN {PLAIN.name}_groups AS g USING ({columns})"
        for cube in (PLAIN, SESSIONS, TAGS):
            key = ", ".join(["hour", "g.id", *([f"c.{cube.extra}"] if cube.extra else [])])
            await _fill(connection, cubes[cube].hours, f"SELECT {key}, {again} FROM {joined} GROUP BY {key}")
        await _latencies(connection)
        for cube in (PLAIN, TAGS):
            key = ", ".join([f"hour / {HOURS_A_DAY}", "group_id", *([cube.extra] if cube.extra else [])])
            days = f"SELECT {key}, {again} FROM {cube.name}_hours AS c GROUP BY {key}"
            await _fill(connection, cubes[cube].days, days)


async def _latencies(connection: AsyncConnection) -> None:
    columns = _listed(LATENCIES.dimensions)
    await _groups(connection, LATENCIES, f"SELECT DISTINCT {columns} FROM attempts")
    for timing, wanted in (("total", "outcome = 'ok'"), ("first_token", "stream")):
        bucket = f"ceil(ln({timing}) / ln({GROWTH}))::int"
        await _fill(
            connection,
            cubes[LATENCIES].hours,
            f"SELECT {_HOUR}, g.id, '{timing}', {bucket}, count(*) FROM attempts JOIN latency_groups AS g "
            f"USING ({columns}) WHERE {wanted} GROUP BY 1, 2, 4",
        )
    days = f"SELECT hour / {HOURS_A_DAY}, group_id, timing, bucket, sum(count) FROM latency_hours GROUP BY 1, 2, 3, 4"
    await _fill(connection, cubes[LATENCIES].days, days)


async def _groups(connection: AsyncConnection, cube: Cube, query: str) -> None:
    driver: Any = (await connection.get_raw_connection()).driver_connection
    values = await driver.fetch(query, timeout=LONGEST)
    rows = [(group_id(cube, tuple(row)), *row) for row in values]
    for first in range(0, len(rows), _BATCH):
        await upsert(connection, cubes[cube].groups, rows[first : first + _BATCH])
    await _run(connection, f"ANALYZE {cubes[cube].groups.name}")


async def _fill(connection: AsyncConnection, table: Table | None, query: str) -> None:
    if table is None:
        raise ValueError("this cube has no such table")
    await _run(connection, f"INSERT INTO {table.name} {query} ORDER BY 1, 2")
    print(f"{table.name} is filled", flush=True)


async def _run(connection: AsyncConnection, statement: str) -> None:
    driver: Any = (await connection.get_raw_connection()).driver_connection
    await driver.execute(statement, timeout=LONGEST)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
