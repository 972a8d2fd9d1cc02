"""What the ledger says of budgets is what the attempts add up to, also with the costs of closed days remembered."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio

from tests.storage.support import attempt
from turnout.core import EndedAttempt, Usage
from turnout.guard import settled
from turnout.guard.allowances import Settled
from turnout.guard.periods import BudgetPeriod, times_of
from turnout.guard.settled import SettledSums
from turnout.storage import LazyDatabase, Rated, RatedPeriod
from turnout.storage.usage import writing

DAY = 86_400
NOW = 1_796_126_400  # 2026-12-01 12:00
NAMES = ("key/k1", "tier/gold/k2", "user/alice", "team/blue", "model/fast")
DAYS = (NOW, NOW - DAY, NOW - 2 * DAY, NOW - 3 * DAY, NOW - 40 * DAY)
PERIODS = [
    BudgetPeriod(f"budget/{name}/{period}{model}", times_of(period, now).begin)
    for name in NAMES
    for period in ("daily", "monthly", "total")
    for model in ("", "/fast")
    for now in DAYS
]  # fmt: skip


class Clock:
    """Unix time of this process, and of the one that writes."""

    def __init__(self) -> None:
        self.now = self.writers = float(NOW)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(writing, "time", SimpleNamespace(time=lambda: clock.writers))
    return clock


@pytest_asyncio.fixture
async def database(tmp_path: Path, database_address: str) -> AsyncIterator[LazyDatabase]:
    opened = LazyDatabase(tmp_path, database_address)
    yield opened
    await opened.close()


def drawn(source: random.Random, name: str, day: int) -> EndedAttempt:
    model: dict[str, Any] = source.choice([{"model": "fast"}, {"model": "gpt", "alias_of": "fast"}, {"model": "large"}])
    return attempt(
        name,
        started=day * 10**6,
        key_id=source.choice(["k1", "k2"]),
        user=source.choice(["alice", "bob"]),
        team=source.choice(["", "blue"]),
        **model,
        usage=Usage(input=1),
        cost=source.randrange(1, 10**12),
    )


def by_hand(period: BudgetPeriod, attempts: list[EndedAttempt]) -> int:
    _, scope, *names = period.gauge.split("/")
    if names[-1] == "fast" and scope != "model":
        attempts = [each for each in attempts if "fast" in (each.start.model, each.start.alias_of)]
    span = next(name for name in ("daily", "monthly", "total") if name in names)
    begin, end = times_of(span, period.begin)
    field = {"key": "key_id", "tier": "key_id"}.get(scope, scope)
    name = names[1] if scope == "tier" else names[0]
    return sum(
        each.cost or 0
        for each in attempts
        if begin * 10**6 <= each.start.started < (end or 2**40) * 10**6
        if name in ((each.start.model, each.start.alias_of) if scope == "model" else (getattr(each.start, field),))
    )


async def test_it_is_always_the_sum_over_the_attempts(database: LazyDatabase, clock: Clock) -> None:
    """Also when something is added to days that are long over, by a process whose clock is a day off, or as days go."""
    source = random.Random(5)  # noqa: S311  # the same each time
    store, read = await database.attempts(), SettledSums(database, lambda: clock.now)
    attempts: list[EndedAttempt] = []
    for number in range(12):
        clock.writers = clock.now + source.choice([0, DAY - 1, 1 - DAY])
        days = [NOW, NOW - DAY] if number % 3 else [*DAYS, NOW - 3 * DAY]
        added = [drawn(source, f"r{number}-{count}", source.choice(days)) for count in range(9)]
        await store.insert(added)
        attempts += added
        for asked in (source.sample(PERIODS, 20), PERIODS):
            assert await read(asked) == [Settled(by_hand(period, attempts)) for period in asked]
        clock.now += source.choice([0, DAY / 3])


async def test_costs_that_are_computed_again_are_read_again(database: LazyDatabase, clock: Clock) -> None:
    store, read = await database.attempts(), SettledSums(database, lambda: clock.now)
    old = attempt("old", started=DAYS[-1] * 10**6, key_id="k1", usage=Usage(input=1), cost=500)
    await store.insert([old])
    period = BudgetPeriod("budget/key/k1/total", 0)
    assert await read([period, period]) == [Settled(500, 0)] * 2
    rerating = await database.rerating()
    await rerating.rerate(RatedPeriod(0, 2**60, None), None, lambda each: Rated(20, "cheap"), None)
    assert await read([period]) == [Settled(20, 1)]


async def test_closed_days_are_read_once(database: LazyDatabase, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shown by a change behind the back of all that tells of it."""
    store, read = await database.attempts(), SettledSums(database, lambda: clock.now)
    await store.insert([attempt(f"r{day}", started=day * 10**6, key_id="k1", cost=100) for day in DAYS])
    period = BudgetPeriod("budget/key/k1/total", 0)
    assert await read([period]) == [Settled(500)]
    monkeypatch.setattr(writing, "first_open_day", lambda now: 0)
    await store.insert([attempt("unseen", started=DAYS[-1] * 10**6, key_id="k1", cost=100)])
    await store.insert([attempt("seen", started=NOW * 10**6, key_id="k1", cost=1)])
    assert await read([period]) == [Settled(501)]
    monkeypatch.setattr(settled, "_MOST_KNOWN", 1)
    assert await read([BudgetPeriod("budget/key/k2/total", 0)]) == [Settled(0)]
    assert await read([period]) == [Settled(601)]
