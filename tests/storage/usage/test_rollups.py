"""Rollups: whatever is asked, the answer is the sum over the attempts, in any order of their arrival."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.storage.support import attempt
from turnout.core import EndedAttempt, Usage
from turnout.core.integers import LARGEST_INTEGER
from turnout.errors import InvalidRequest
from turnout.storage.attempt_rows import row_of
from turnout.storage.attempts import Attempts
from turnout.storage.database import open_database
from turnout.storage.usage import questions as module
from turnout.storage.usage.asking import UsageQuestion
from turnout.storage.usage.cells import Cells, cells_of
from turnout.storage.usage.dimensions import CUBES
from turnout.storage.usage.questions import Questions

from .support import FIRST_HOUR, HOUR, buckets, grouped, named, summed, traffic

TRAFFIC = traffic(600, seed=1)
LAST_HOUR = FIRST_HOUR + 60


@pytest_asyncio.fixture(params=["sqlite", "postgres"], scope="module")
async def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[AsyncEngine]:
    """A database with ``TRAFFIC``, which came in batches, and some of it twice."""
    if request.param == "sqlite":
        address = f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('usage')}/turnout.db"
    else:
        address = request.getfixturevalue("postgres").database()
    opened = await open_database(address)
    store = Attempts(opened)
    for first in (0, 100, 50, 250, 400):
        await store.insert(TRAFFIC[first : first + 200])
    yield opened
    await opened.dispose()


def started_hour(each: EndedAttempt) -> int:
    return each.start.started // HOUR


BY: dict[str, tuple[dict[str, Any], Callable[[EndedAttempt], Any]]] = {
    "nothing": ({}, lambda each: ()),
    "user": ({"by": ("user",)}, lambda each: (each.start.user,)),
    "key and model": ({"by": ("key_id", "model")}, lambda each: (each.start.key_id, each.start.model)),
    "team": ({"by": ("team",)}, lambda each: (each.start.team,)),
    "day": ({"span": "day"}, lambda each: (started_hour(each) // 24,)),
    "hour and user": ({"by": ("user",), "span": "hour"}, lambda each: (each.start.user, started_hour(each))),
    "agent and operation": (
        {"by": ("agent", "operation")},
        lambda each: (each.start.agent, "" if each.end is None else each.end.operation),
    ),
    "session": (
        {"by": ("session", "deployment")},
        lambda each: (each.start.session, each.start.deployment) if each.start.session else None,
    ),
    "session by day": (
        {"by": ("session",), "span": "day"},
        lambda each: (each.start.session, started_hour(each) // 24) if each.start.session else None,
    ),
    "only alice": (
        {"by": ("model",), "only": {"user": "alice", "agent": ""}},
        lambda each: (each.start.model,) if (each.start.user, each.start.agent) == ("alice", "") else None,
    ),
    "only a session": (
        {"span": "day", "only": {"session": "s1"}},
        lambda each: (started_hour(each) // 24,) if each.start.session == "s1" else None,
    ),
}


@pytest.mark.parametrize(("question", "key"), BY.values(), ids=BY)
@pytest.mark.parametrize(("begin", "end"), [(FIRST_HOUR, LAST_HOUR), (FIRST_HOUR + 5, LAST_HOUR - 3)])
async def test_every_figure_is_the_sum_over_the_attempts(
    engine: AsyncEngine, question: dict[str, Any], key: Callable[[EndedAttempt], Any], begin: int, end: int
) -> None:
    rows = await Questions(engine).sums(UsageQuestion(begin=begin, end=end, **question))
    of_period = [each for each in TRAFFIC if begin <= started_hour(each) < end]
    found = {(*row.values, *([] if row.span is None else [row.span])): named(row.sums) for row in rows}
    assert found == grouped(of_period, key)


async def test_an_attempt_counts_once_for_each_of_its_tags(engine: AsyncEngine) -> None:
    rows = await Questions(engine).sums(UsageQuestion(begin=FIRST_HOUR, end=LAST_HOUR, by=("tag",)))
    expected = {tag: summed([each for each in TRAFFIC if tag in each.start.tags]) for tag in ("red", "blue")}
    assert {row.values[0]: named(row.sums) for row in rows} == expected


async def test_durations_are_counted_in_buckets(engine: AsyncEngine) -> None:
    question = UsageQuestion(begin=FIRST_HOUR, end=LAST_HOUR, by=("deployment",))
    rows = await Questions(engine).latencies(question)
    assert {(row.values[0], row.timing, row.bucket): row.count for row in rows} == buckets(TRAFFIC)


async def test_times_that_would_be_cut_off_are_refused(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Percentiles of a part would be wrong."""
    question = UsageQuestion(begin=FIRST_HOUR, end=LAST_HOUR)
    monkeypatch.setattr(module, "MOST_BUCKETS", most := len(await Questions(engine).latencies(question)))
    assert len(await Questions(engine).latencies(question)) == most
    monkeypatch.setattr(module, "MOST_BUCKETS", most - 1)
    with pytest.raises(InvalidRequest, match="too many times"):
        await Questions(engine).latencies(question)


async def test_the_rows_that_cost_most_are_given(engine: AsyncEngine) -> None:
    question: dict[str, Any] = {"begin": FIRST_HOUR, "end": LAST_HOUR, "by": ("user", "key_id", "model")}
    everything = await Questions(engine).sums(UsageQuestion(**question))
    costs = [named(row.sums)["cost"] for row in everything]
    assert costs == sorted(costs, reverse=True)
    assert await Questions(engine).sums(UsageQuestion(**question, limit=2)) == everything[:2]


async def test_a_period_without_attempts_has_no_rows(engine: AsyncEngine) -> None:
    for question in (UsageQuestion(begin=1, end=100), UsageQuestion(begin=1, end=1), UsageQuestion(begin=1, end=2)):
        assert await Questions(engine).sums(question) == []


async def test_what_no_cube_has_is_refused(engine: AsyncEngine) -> None:
    with pytest.raises(InvalidRequest, match="not by both"):
        await Questions(engine).sums(UsageQuestion(begin=1, end=2, by=("session", "tag")))
    with pytest.raises(InvalidRequest, match="Times are not kept by user"):
        await Questions(engine).latencies(UsageQuestion(begin=1, end=2, only={"user": "alice"}))


def merged(batches: list[list[EndedAttempt]]) -> dict[str, Cells]:
    total = {cube.name: Cells() for cube in CUBES}
    for batch in batches:
        for cube, cells in cells_of([row_of(each) for each in batch]).items():
            total[cube.name] = total[cube.name].merged(cells)
    return total


@given(seed=st.integers(0, 10**6), size=st.integers(0, 60), cuts=st.lists(st.integers(0, 60), max_size=6))
def test_the_order_and_the_batches_of_arrival_make_no_difference(seed: int, size: int, cuts: list[int]) -> None:
    attempts = traffic(size, seed, hours=3)
    shuffled = random.Random(seed).sample(attempts, size)  # noqa: S311
    places = sorted({0, size, *(cut for cut in cuts if cut < size)})
    batches = [shuffled[first:last] for first, last in pairwise(places)]
    assert merged(batches) == merged([attempts])


@given(seed=st.integers(0, 10**6))
def test_a_difference_leads_from_one_state_to_the_other(seed: int) -> None:
    before, after = merged([traffic(20, seed, hours=2)]), merged([traffic(20, seed + 1, hours=2)])
    for name, cells in before.items():
        led = cells.merged(after[name].without(cells))
        assert (led.sums, led.counts) == (after[name].sums, after[name].counts)


async def test_no_number_of_a_provider_makes_the_sums_overflow(database_address: str) -> None:
    """Settling would stop for good."""
    engine = await open_database(database_address)
    odd: dict[str, Any] = {"cost": LARGEST_INTEGER, "usage": Usage(input=LARGEST_INTEGER, output=-LARGEST_INTEGER)}
    for number in range(3):
        await Attempts(engine).insert([attempt(f"r{number}", **odd, first_token=-5, total=LARGEST_INTEGER)])
    (row,) = await Questions(engine).sums(UsageQuestion(begin=0, end=10**6))
    sums = named(row.sums)
    assert (sums["cost"], sums["input"], sums["output"]) == (3 * LARGEST_INTEGER, 3 * (2**31 - 1), 0)
    await engine.dispose()


async def test_a_long_or_odd_name_loses_no_attempt(database_address: str) -> None:
    engine = await open_database(database_address)
    names: dict[str, Any] = {"user": "\0", "agent": "x" * 5000, "session": "s" * 5000, "tags": ("t" * 5000, "\0")}
    await Attempts(engine).insert([attempt("r1", **names), attempt("r2", **names)])
    questions = Questions(engine)
    for name, expected in (("user", "\ufffd"), ("agent", "x" * 256), ("session", "s" * 256)):
        (row,) = await questions.sums(UsageQuestion(begin=0, end=10**6, by=(name,)))
        assert (row.values, named(row.sums)["attempts"]) == ((expected,), 2)
    await engine.dispose()


async def test_servers_that_settle_at_once_never_wait_in_a_circle(database_address: str) -> None:
    engines = [await open_database(database_address) for _ in range(3)]
    batches = [traffic(300, seed) for seed in range(6)]
    await asyncio.gather(*(Attempts(engines[n % 3]).insert(batch) for n, batch in enumerate(batches)))
    (row,) = await Questions(engines[0]).sums(UsageQuestion(begin=0, end=10**6))
    assert named(row.sums) == summed([each for batch in batches for each in batch])
    for engine in engines:
        await engine.dispose()
