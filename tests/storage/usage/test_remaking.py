"""Rollups are compared with the attempts, made again from them, and stay when old attempts go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.storage.support import attempt
from turnout.storage.attempt_rows import row_of
from turnout.storage.attempts import Attempts
from turnout.storage.database import open_database
from turnout.storage.tables import attempts, cubes
from turnout.storage.usage.asking import UsageQuestion
from turnout.storage.usage.cells import cells_of
from turnout.storage.usage.dimensions import PLAIN
from turnout.storage.usage.questions import Questions
from turnout.storage.usage.remaking import Remaking
from turnout.storage.usage.retention import BATCH, Retention
from turnout.storage.usage.writing import add_cells

from .support import FIRST_HOUR, HOUR, named, summed, traffic

EVER = UsageQuestion(begin=0, end=10**6)
TABLES = [table for tables in cubes.values() for table in tables.cells]


@pytest_asyncio.fixture
async def engine(database_address: str) -> AsyncIterator[AsyncEngine]:
    engine = await open_database(database_address)
    yield engine
    await engine.dispose()


async def content(engine: AsyncEngine) -> dict[str, list[tuple[object, ...]]]:
    """The rows of all rollups that aren't zero."""
    async with engine.connect() as connection:
        rows = {table.name: await connection.execute(select(table).order_by(*table.primary_key)) for table in TABLES}
        keys = {table.name: len(table.primary_key.columns) for table in TABLES}
        return {name: [tuple(row) for row in found if any(row[keys[name] :])] for name, found in rows.items()}


async def differences(engine: AsyncEngine) -> int:
    remaking = Remaking(engine)
    of_hours = [await remaking.differences(hour) for hour in await remaking.hours()]
    return sum(of_hours) + sum([await remaking.day_differences(day) for day in await remaking.days()])


async def remake(engine: AsyncEngine) -> None:
    remaking = Remaking(engine)
    for hour in await remaking.hours():
        await remaking.remake(hour)
    for day in await remaking.days():
        await remaking.remake_day(day)


async def test_rollups_made_again_are_the_rollups_that_were_kept(engine: AsyncEngine) -> None:
    for seed in range(4):
        await Attempts(engine).insert(traffic(100, seed, hours=6))
    kept = await content(engine)
    assert await differences(engine) == 0
    async with engine.begin() as connection:
        for table in TABLES:
            await connection.execute(delete(table))
    assert await differences(engine) > 100
    await remake(engine)
    assert await content(engine) == kept


async def test_whatever_is_wrong_is_found_and_mended(engine: AsyncEngine) -> None:
    await Attempts(engine).insert(traffic(100, seed=1, hours=8))
    kept = await content(engine)
    tables = cubes[PLAIN]
    assert tables.days is not None
    async with engine.begin() as connection:
        await connection.execute(update(tables.hours).where(tables.hours.c.hour < FIRST_HOUR + 5).values(input=7))
        await connection.execute(delete(attempts).where(attempts.c.started < (FIRST_HOUR + 2) * HOUR))
    assert await differences(engine) > 0
    async with engine.begin() as connection:
        await connection.execute(update(tables.days).values(lost=99))
    await remake(engine)
    assert await differences(engine) == 0
    mended = await content(engine)
    assert mended != kept
    assert await Attempts(engine).insert(traffic(100, seed=1, hours=8)) > 0
    assert await content(engine) == kept


async def test_a_group_that_is_missing_is_found_and_mended(engine: AsyncEngine) -> None:
    await Attempts(engine).insert(traffic(20, seed=1, hours=2))
    rows = await Questions(engine).sums(by_user := UsageQuestion(begin=0, end=10**6, by=("user",)))
    async with engine.begin() as connection:
        await connection.execute(delete(cubes[PLAIN].groups))
    assert await Questions(engine).sums(by_user) == []
    assert await differences(engine) > 0
    await remake(engine)
    assert (await Questions(engine).sums(by_user), await differences(engine)) == (rows, 0)


async def test_what_is_settled_while_an_hour_is_made_again_counts_once(engine: AsyncEngine) -> None:
    everything = traffic(400, seed=1, hours=2)
    store, remaking = Attempts(engine), Remaking(engine)

    async def settle() -> None:
        for first in range(0, 400, 20):
            await store.insert(everything[first : first + 20])

    async def make_again() -> None:
        for _ in range(4):  # not without end: SQLite lets the one who waits have no turn
            for hour in (FIRST_HOUR, FIRST_HOUR + 1):
                await remaking.remake(hour)
            await remaking.remake_day(FIRST_HOUR // 24)

    await asyncio.gather(settle(), make_again())
    (row,) = await Questions(engine).sums(EVER)
    assert named(row.sums) == summed(everything)
    assert await differences(engine) == 0


async def test_old_attempts_go_in_small_batches_and_their_sums_stay(engine: AsyncEngine) -> None:
    old = [attempt(f"old{number}", started=HOUR * 10) for number in range(BATCH + 10)]
    store, retention = Attempts(engine), Retention(engine)
    await store.insert([*old, attempt("new", started=HOUR * 24)])
    before = await content(engine)
    await retention.begin(24)
    await retention.begin(3)  # of a process whose clock is late: it brings nothing back
    assert [await retention.remove_some(24) for _ in range(3)] == [BATCH, 10, 0]
    async with engine.connect() as connection:
        assert (await connection.execute(select(func.count()).select_from(attempts))).scalar() == 1
    await remake(engine)
    assert await Remaking(engine).hours() == [24]
    await Remaking(engine).remake(10)
    assert await Remaking(engine).differences(10) == 0
    assert await content(engine) == before


async def test_a_cost_that_becomes_another_one_changes_the_sums(engine: AsyncEngine) -> None:
    """As a price that was wrong does: what is added is the difference."""
    wrong = [attempt(f"r{number}", cost=10**10 + number) for number in range(5)]
    right = [attempt(f"r{number}", cost=3 * 10**9) for number in range(5)]
    await Attempts(engine).insert(wrong)
    after, before = cells_of(map(row_of, right)), cells_of(map(row_of, wrong))
    async with engine.begin() as connection:
        await add_cells(connection, {cube: after[cube].without(before[cube]) for cube in after})
    (row,) = await Questions(engine).sums(EVER)
    assert named(row.sums)["cost"] == 15 * 10**9
