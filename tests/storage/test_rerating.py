"""Ratings: an attempt is never changed, its newest rating counts everywhere, and the sums follow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from turnout.core import EndedAttempt, Usage
from turnout.storage import Rated, RatedPeriod, RequestFilter
from turnout.storage.attempts import Attempts
from turnout.storage.database import open_database
from turnout.storage.requests import Requests
from turnout.storage.rerating import BATCH, Rerating
from turnout.storage.rerating_batch import Rate, RatedBatch
from turnout.storage.tables import attempts, ratings
from turnout.storage.usage.asking import UsageQuestion
from turnout.storage.usage.questions import Questions
from turnout.storage.usage.remaking import Remaking
from turnout.storage.usage.retention import Retention

from .support import attempt
from .usage.support import FIRST_HOUR, HOUR, named, traffic

HOURS = 6
PERIOD = RatedPeriod(FIRST_HOUR * HOUR, (FIRST_HOUR + HOURS) * HOUR)
EVER = UsageQuestion(begin=0, end=10**6)


@pytest_asyncio.fixture
async def engine(database_address: str) -> AsyncIterator[AsyncEngine]:
    engine = await open_database(database_address)
    yield engine
    await engine.dispose()


def dearer(attempt: EndedAttempt) -> Rated | None:
    """A price for everything, some of it below what it was."""
    assert attempt.usage is not None
    return Rated(7 * attempt.usage.total + 10**13, "book 2")


def by_words(count: int) -> Rate:
    return lambda attempt: Rated(count, f"book {count}")


async def everything(engine: AsyncEngine, rate: Rate, period: RatedPeriod = PERIOD) -> list[RatedBatch]:
    batches = [await Rerating(engine).rerate(period, None, rate, None)]
    while batches[-1].following is not None:
        batches.append(await Rerating(engine).rerate(period, batches[-1].following, rate, None))
    return batches


async def wrong_sums(engine: AsyncEngine) -> int:
    remaking = Remaking(engine)
    of_hours = [await remaking.differences(hour) for hour in await remaking.hours()]
    return sum(of_hours) + sum([await remaking.day_differences(day) for day in await remaking.days()])


async def measured(engine: AsyncEngine) -> dict[str, int]:
    (row,) = await Questions(engine).sums(EVER)
    return named(row.sums)


async def number_of_ratings(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return int((await connection.execute(select(func.count()).select_from(ratings))).scalar_one())


async def test_the_sums_are_those_of_the_newest_ratings(engine: AsyncEngine) -> None:
    stored = traffic(BATCH * 3, seed=3, hours=HOURS)
    await Attempts(engine).insert(stored)
    before = await measured(engine)
    batches = await everything(engine, dearer)
    with_usage = [each for each in stored if each.usage is not None]
    assert sum(len(batch.attempts) for batch in batches) == len(with_usage)
    assert len(batches) > 1
    after = await measured(engine)
    untouched = sum(each.cost or 0 for each in stored if each.usage is None)
    assert after["cost"] == untouched + sum(rated.cost for each in with_usage if (rated := dearer(each)))
    assert (before["unpriced"] > 0, after["unpriced"], after["unpriced_tokens"]) == (True, 0, 0)
    costs = ("cost", "unpriced", "unpriced_tokens")
    assert {name: before[name] for name in before if name not in costs} == {
        name: after[name] for name in after if name not in costs
    }
    assert await wrong_sums(engine) == 0


async def test_whoever_reads_an_attempt_gets_its_newest_rating(engine: AsyncEngine) -> None:
    store = Attempts(engine)
    estimated = attempt("lost", input_estimate=600, cost_estimate=5, started=PERIOD.begin).start
    told = attempt("r1", usage=Usage(input=600), cost=1, price_version="book 1", started=PERIOD.begin)
    await store.insert([told, EndedAttempt(estimated, None)])
    await everything(engine, by_words(2))
    await everything(engine, by_words(3))
    (read,) = await store.of_request("r1")
    assert read.end is not None
    assert (read.cost, read.end.price_version) == (3, "book 3")
    assert [each.cost for each in await store.of_request("lost")] == [3]
    page = await Requests(engine).page(RequestFilter(), None, 10)
    assert [[each.cost for each in found] for found in page.attempts.values()] == [[3], [3]]
    pages = [page async for page in store.started_since(0)]
    assert [each.cost for each in pages[0]] == [3, 3]
    async with engine.connect() as connection:
        kept = (await connection.execute(select(attempts.c.cost, attempts.c.price_version))).all()
        history = select(ratings.c.cost, ratings.c.price_version).where(ratings.c.request_id == "r1")
        rated = (await connection.execute(history.order_by(ratings.c.number))).all()
    assert sorted(tuple(row) for row in kept if row.price_version) == [(1, "book 1")]
    assert [tuple(row) for row in rated] == [(2, "book 2"), (3, "book 3")]


async def test_repeated_questions_cost_what_they_are_rated_at(engine: AsyncEngine) -> None:
    started = PERIOD.begin
    same = [attempt(f"r{n}", usage=Usage(input=600), cost=1, started=started) for n in range(10)]
    await Attempts(engine).insert(same)
    await everything(engine, by_words(70))
    (group,) = await Requests(engine).repeated(FIRST_HOUR, FIRST_HOUR + 1, {})
    assert (group.count, group.cost) == (10, 700)


async def test_a_rating_that_says_the_same_is_not_kept_again(engine: AsyncEngine) -> None:
    """So a run that was stopped goes on where it was, and one that is done changes nothing."""
    await Attempts(engine).insert(traffic(BATCH * 3, seed=4, hours=HOURS))
    first = await Rerating(engine).rerate(PERIOD, None, dearer, None)
    stopped_at = await number_of_ratings(engine)
    assert 0 < stopped_at <= BATCH
    batches = await everything(engine, dearer)
    assert [each for each in batches[0].attempts if each.before != each.after] == []
    assert batches[0].following == first.following
    done, measures = await number_of_ratings(engine), await measured(engine)
    assert done > stopped_at
    await everything(engine, dearer)
    assert (await number_of_ratings(engine), await measured(engine)) == (done, measures)


async def test_two_that_rate_at_once_rate_each_attempt_once(engine: AsyncEngine) -> None:
    await Attempts(engine).insert(traffic(BATCH, seed=5, hours=HOURS))
    late = traffic(60, seed=6, hours=HOURS)
    await asyncio.gather(
        everything(engine, dearer), everything(engine, dearer), *[Attempts(engine).insert([each]) for each in late]
    )
    assert await wrong_sums(engine) == 0
    await everything(engine, dearer)
    assert await wrong_sums(engine) == 0
    async with engine.connect() as connection:
        assert (await connection.execute(select(func.max(ratings.c.number)))).scalar_one() == 1


async def test_a_look_changes_nothing(engine: AsyncEngine) -> None:
    await Attempts(engine).insert(traffic(50, seed=7, hours=HOURS))
    before = await measured(engine)
    looked = await Rerating(engine).look(PERIOD, None, dearer)
    assert any(each.before != each.after for each in looked.attempts)
    assert (await number_of_ratings(engine), await measured(engine)) == (0, before)


@pytest.mark.parametrize(
    ("period", "rated"),
    [
        (PERIOD._replace(model="large"), ["large"]),
        (PERIOD._replace(begin=PERIOD.begin + 1), ["large"]),
        (PERIOD._replace(end=PERIOD.begin + 1), ["fast"]),
    ],
)
async def test_only_the_asked_period_and_model_are_rated(
    engine: AsyncEngine, period: RatedPeriod, rated: list[str]
) -> None:
    used = Usage(input=1)
    await Attempts(engine).insert(
        [
            attempt("r1", started=PERIOD.begin, model="fast", usage=used),
            attempt("r2", started=PERIOD.begin + 1, model="large", usage=used),
            attempt("r3", started=PERIOD.begin, model="large"),
        ]
    )
    (batch,) = await everything(engine, dearer, period)
    assert [each.model for each in batch.attempts] == rated


async def test_an_attempt_without_a_price_now_keeps_its_rating(engine: AsyncEngine) -> None:
    await Attempts(engine).insert([attempt("r1", started=PERIOD.begin, usage=Usage(input=1), cost=5)])
    (batch,) = await everything(engine, lambda attempt: None)
    assert [(each.before, each.after) for each in batch.attempts] == [(5, 5)]
    assert await number_of_ratings(engine) == 0


async def test_ratings_go_with_their_attempts(engine: AsyncEngine) -> None:
    used = Usage(input=1)
    old, kept = PERIOD.begin, PERIOD.begin + HOUR
    await Attempts(engine).insert([attempt("r1", started=old, usage=used), attempt("r2", started=kept, usage=used)])
    await everything(engine, dearer)
    before = await measured(engine)
    assert await Retention(engine).remove_ratings(FIRST_HOUR + 1) == 1
    assert await Retention(engine).remove_ratings(FIRST_HOUR + 1) == 0
    async with engine.connect() as connection:
        assert [row.request_id for row in await connection.execute(select(ratings))] == ["r2"]
    assert await measured(engine) == before
