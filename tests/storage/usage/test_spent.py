"""What is spent of budgets is the sum over the attempts, whatever a budget is of; and when its sums may shrink."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from itertools import product
from types import SimpleNamespace

import pytest
import pytest_asyncio
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.storage.support import attempt
from turnout.core import EndedAttempt, Usage
from turnout.storage.attempts import Attempts
from turnout.storage.database import open_database
from turnout.storage.rerating import Rerating
from turnout.storage.rerating_batch import Rated, RatedPeriod
from turnout.storage.usage import writing
from turnout.storage.usage.remaking import Remaking
from turnout.storage.usage.retention import Retention
from turnout.storage.usage.spending import Spender, Spending
from turnout.storage.usage.spent import SpentSums

from .support import FIRST_HOUR, HOUR, traffic

FIRST_DAY = FIRST_HOUR // 24
ODD = "a/b@1%\0\"'é" + "x" * 300
TRAFFIC = [
    *[each for each in traffic(600, seed=3) if each.end is not None],
    *[
        attempt(f"odd-{n}", started=FIRST_HOUR * HOUR, user=ODD, key_id=ODD, team=ODD, model=ODD, cost=7)
        for n in (1, 2)
    ],
    attempt("dear", started=FIRST_HOUR * HOUR, user="rich", cost=10**18),
    attempt("dearer", started=FIRST_HOUR * HOUR, user="rich", cost=10**18 + 1),
    EndedAttempt(replace(attempt("lost", started=FIRST_HOUR * HOUR, team="blue").start, cost_estimate=11), None),
]
NAMES: dict[Spender | None, tuple[str, ...]] = {
    None: ("",),
    "key_id": ("k1", "k2", "nobody", ODD),
    "user": ("alice", "", "rich", ODD),
    "team": ("blue", "", ODD),
}
PERIODS = ((0, None), (FIRST_DAY, FIRST_DAY + 1), (FIRST_DAY + 1, FIRST_DAY + 3), (FIRST_DAY + 9, FIRST_DAY + 10))
ASKED = [
    Spending(spender, name, model, *period)
    for spender, names in NAMES.items()
    for name, model, period in product(names, ("", "fast", "large", "nothing", ODD), PERIODS)
    if spender is not None or model
]


@pytest_asyncio.fixture
async def engine(database_address: str) -> AsyncIterator[AsyncEngine]:
    opened = await open_database(database_address)
    await Attempts(opened).insert(TRAFFIC)
    yield opened
    await opened.dispose()


async def told(engine: AsyncEngine, asked: Sequence[Spending]) -> tuple[tuple[int, ...], int]:
    """Costs and revision."""
    spent = await SpentSums(engine).spent(asked)
    return spent.costs, spent.revision


def by_hand(asked: Spending, attempts: Sequence[EndedAttempt] = TRAFFIC) -> int:
    return sum(
        each.cost or 0
        for each in attempts
        if asked.spender is None or getattr(each.start, asked.spender) == asked.name
        if not asked.model or (each.start.alias_of or each.start.model) == asked.model
        if asked.first <= each.start.started // HOUR // 24 < (asked.end or 10**9)
    )


async def test_it_is_the_sum_over_the_attempts(engine: AsyncEngine) -> None:
    costs, revision = await told(engine, ASKED)
    assert (costs, revision) == (tuple(map(by_hand, ASKED)), 0)
    assert len({cost for cost in costs if cost}) > 30


async def test_each_is_told_alone_as_with_others_and_in_any_order(engine: AsyncEngine) -> None:
    for each in ASKED[::17]:
        assert await told(engine, [each]) == ((by_hand(each),), 0)
    some = [*ASKED[::-7], *ASKED[:3], *ASKED[:3]]
    assert await told(engine, some) == (tuple(map(by_hand, some)), 0)
    assert await told(engine, []) == ((), 0)


async def test_a_revision_begins_when_costs_are_computed_again(engine: AsyncEngine) -> None:
    """Only when some have changed."""
    asked = [Spending("user", "rich", "", 0, None)]
    period = RatedPeriod(0, 2**60, None)
    priced = attempt("priced", started=FIRST_HOUR * HOUR, user="rich", cost=5, usage=Usage(input=1))
    await Attempts(engine).insert([priced])
    before = by_hand(asked[0]) + 5
    await Rerating(engine).rerate(period, None, lambda each: Rated(each.cost or 0, "same") if each.cost else None, None)
    assert await told(engine, asked) == ((before,), 0)
    await Rerating(engine).rerate(
        period, None, lambda each: Rated(2, "cheap") if each.start.user == "rich" else None, None
    )
    assert await told(engine, asked) == ((before - 3,), 1)


async def test_a_revision_begins_when_sums_are_made_again(engine: AsyncEngine) -> None:
    asked, remaking = [Spending("team", "blue", "", 0, None)], Remaking(engine)
    await remaking.remake(FIRST_HOUR)
    assert await told(engine, asked) == ((by_hand(asked[0]),), 1)
    await remaking.remake_day(FIRST_DAY)
    assert await told(engine, asked) == ((by_hand(asked[0]),), 2)


async def test_it_outlives_the_attempts(engine: AsyncEngine) -> None:
    """A budget for all time doesn't shrink when old attempts are removed, also if sums are made again after that."""
    retention, remaking = Retention(engine), Remaking(engine)
    await retention.begin(FIRST_HOUR + 240)
    while await retention.remove_some(FIRST_HOUR + 240):
        pass
    assert await Attempts(engine).of_request("dear") == []
    await remaking.remake(FIRST_HOUR)
    await remaking.remake_day(FIRST_DAY)
    assert await told(engine, ASKED) == (tuple(map(by_hand, ASKED)), 1)


async def test_it_tells_when_something_was_added_to_a_day_that_is_long_over(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also to a process whose clock is a day ahead."""
    sums = SpentSums(engine)
    for days_ago, grows in ((0, 0), (1, 0), (2, 1), (30, 1)):
        now = (FIRST_DAY + days_ago) * 86_400.0
        monkeypatch.setattr(writing, "time", SimpleNamespace(time=lambda now=now: now))
        before = (await sums.spent([])).closed
        await Attempts(engine).insert([attempt(f"a{days_ago}", started=FIRST_DAY * 24 * HOUR)])
        assert (await sums.spent([])).closed == before + grows
