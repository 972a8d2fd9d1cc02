"""The four forms of the store, with real servers, shared by four processes' allowances in one event loop."""

from __future__ import annotations

import asyncio
from collections import Counter as Tally
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeAlias

import pytest

from tests.guard.simulated import migrated
from tests.support.postgres import Postgres
from tests.support.redis_server import RedisServer
from turnout.errors import BudgetSpent, LimitReached, TurnoutError
from turnout.guard.allowances import Allowances, Settled, Standing
from turnout.guard.gauges import Gauge
from turnout.guard.periods import BudgetPeriod
from turnout.guard.reservation import Reservation
from turnout.guard.store import ControlStore, MemoryStore, PostgresStore, RedisStore, Store, answer_questions
from turnout.host import HostFolder, RemoteControl, ServedControl, control_listener, new_host_folder
from turnout.storage import Counters
from turnout.storage.database import open_database

USD = 10**12
NewStore: TypeAlias = Callable[[], Store]

pytestmark = pytest.mark.usefixtures("patient")


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests are about numbers. A busy machine must not look like a dead store."""
    for form in (ControlStore, RedisStore, PostgresStore):
        monkeypatch.setattr(form, "deadline", 20.0)


@asynccontextmanager
async def control_stores() -> AsyncIterator[NewStore]:
    folder: HostFolder = new_host_folder()
    listener = control_listener(folder.control)
    async with AsyncExitStack() as stack:
        served = ServedControl(listener)
        answer_questions(served.handlers, MemoryStore())
        await stack.enter_async_context(served.opened())
        remote = RemoteControl(folder.control)
        await stack.enter_async_context(remote.opened())
        yield lambda: ControlStore(remote)
    listener.close()
    folder.remove()


@pytest.fixture(params=["control", "redis", "postgres"])
async def new_store(request: pytest.FixtureRequest) -> AsyncIterator[NewStore]:
    if request.param == "control":
        async with control_stores() as new:
            yield new
    elif request.param == "redis":
        server: RedisServer = request.getfixturevalue("redis_server")
        yield lambda: RedisStore(server.url)
    else:
        postgres: Postgres = request.getfixturevalue("postgres")
        address = postgres.database()
        await (await open_database(address)).dispose()
        yield lambda: PostgresStore(Counters(address, migrated))


class Ledger:
    """What is settled, by the budget's gauge."""

    def __init__(self) -> None:
        self.sums: Tally[str] = Tally()

    async def read(self, periods: Sequence[BudgetPeriod]) -> list[Settled]:
        return [Settled(self.sums[period.gauge]) for period in periods]


@asynccontextmanager
async def processes(new_store: NewStore, ledger: Ledger, count: int = 4) -> AsyncIterator[list[Allowances]]:
    started = [Allowances(new_store(), f"{number}-of-{id(ledger)}", ledger.read) for number in range(count)]
    for each in started:
        await each.open()
    yield started
    for each in started:
        await each.close()


async def take(allowances: Allowances, *needs: tuple[Gauge, int]) -> Reservation | TurnoutError:
    try:
        taken = allowances.take(needs)
        return taken if isinstance(taken, Reservation) else await taken
    except TurnoutError as error:
        return error


async def take_at_once(started: Sequence[Allowances], many: int, *needs: tuple[Gauge, int]) -> list[Reservation]:
    """One after the other's turn, from all of them. Each refusal is one of the gauges'."""
    taken = await asyncio.gather(*[take(started[number % len(started)], *needs) for number in range(many)])
    refused = [each for each in taken if not isinstance(each, Reservation)]
    assert {type(each) for each in refused} <= {LimitReached, BudgetSpent}
    return [each for each in taken if isinstance(each, Reservation)]


def limit(name: str, most: int, seconds: int, unit: str = "requests") -> Gauge:
    return Gauge(f"limit/{name}/{unit}/{seconds}", unit, most, seconds=seconds, says=f"{most} {unit}")  # type: ignore[arg-type]


def budget(name: str, usd: int) -> Gauge:
    return Gauge(f"budget/{name}/total", "usd", usd * USD, period="total", says=f"{usd} USD")


async def test_ten_of_sixty_are_let_through(new_store: NewStore) -> None:
    async with processes(new_store, Ledger()) as started:
        for name in ("first", "second"):
            gauges = (limit(name, 10, 60), 1), (limit(f"{name}-all", 1000, 60), 1)
            assert len(await take_at_once(started, 60, *gauges)) == 10
            assert await take_at_once(started, 8, *gauges) == []


async def test_room_comes_back_when_the_window_has_passed(new_store: NewStore) -> None:
    """A window of a second, for three rounds: never more than five in it, however the machine delays the requests."""
    gauge = limit("short", 5, 1)
    loop = asyncio.get_running_loop()
    admitted: list[float] = []
    async with processes(new_store, Ledger()) as started:
        while len(admitted) < 15:
            taken = await take(started[len(admitted) % 4], (gauge, 1))
            if isinstance(taken, Reservation):
                admitted.append(loop.time())
                continue
            assert isinstance(taken, LimitReached)
            assert taken.retry_after is not None
            assert 0 < taken.retry_after <= 1.1
            await asyncio.sleep(taken.retry_after + 0.01)
    assert max(sum(end - 0.98 < at <= end for at in admitted) for end in admitted) <= 5


async def test_a_large_limit_is_spent_from_memory_and_held_all_the_same(new_store: NewStore) -> None:
    gauge = limit("large", 2000, 3600)
    async with processes(new_store, Ledger()) as started:
        admitted = 0
        for _ in range(30):
            admitted += len(await take_at_once(started, 100, (gauge, 1)))
        assert 1900 < admitted <= 2000
        assert 0 < sum(each._number for each in started) < 600


async def test_a_budget_is_never_passed_and_is_whole_again(new_store: NewStore) -> None:
    ledger, gauge = Ledger(), budget("fifty", 50)
    async with processes(new_store, ledger) as started:
        taken = await take_at_once(started, 200, (gauge, USD))
        assert 40 <= len(taken) <= 50
        for reservation in taken[:10]:
            reservation.spend(USD // 2, 100)
        for reservation in taken:
            reservation.close()
        for each in started:
            batch = each.begin_batch()
            ledger.sums[gauge.id] = 5 * USD  # the first one's reading has what the others spent, too
            await each.settled(batch)
        await asyncio.sleep(1.5)  # what was drawn ahead and isn't used is given back after a second
        assert await started[0].standing([gauge]) == [Standing(5 * USD, 0, None)]
        assert 36 <= len(await take_at_once(started, 100, (gauge, USD))) <= 45


async def test_all_or_nothing(new_store: NewStore) -> None:
    """A refused request leaves no trace in the gauges that had room."""
    wide, narrow = limit("wide", 10, 60), limit("narrow", 1, 60)
    async with processes(new_store, Ledger(), 2) as started:
        assert len(await take_at_once(started, 9, (wide, 1), (narrow, 1))) == 1
        assert len(await take_at_once(started, 20, (wide, 1))) == 9


async def test_tokens_that_were_not_used_come_back_and_others_are_counted_later(new_store: NewStore) -> None:
    gauge = limit("tokens", 1000, 60, "tokens")
    async with processes(new_store, Ledger(), 2) as started:
        (first,) = await take_at_once(started[:1], 1, (gauge, 900))
        assert await take_at_once(started[1:], 1, (gauge, 200)) == []
        first.spend(0, 300)
        first.close()
        await asyncio.sleep(0.3)
        (second,) = await take_at_once(started[1:], 1, (gauge, 200))
        second.spend(0, 650)
        second.close()
        await asyncio.sleep(1.2)  # what was drawn ahead is given back after a second
        assert await started[0].standing([gauge]) == [Standing(950, 0, None)]


async def test_what_a_dead_process_held_comes_back_once_its_journal_is_settled(new_store: NewStore) -> None:
    ledger, gauge = Ledger(), budget("dead", 10)
    async with processes(new_store, ledger, 2) as (alive, dead):
        (reservation,) = await take_at_once([dead], 1, (gauge, 8 * USD))
        reservation.spend(3 * USD, 100)
        refused = await take(alive, (gauge, 5 * USD))
        assert isinstance(refused, BudgetSpent)
        assert (refused.used, refused.reserved, refused.needed) == (0, 8 * USD, 5 * USD)
        ledger.sums[gauge.id] = 3 * USD
        await alive.release(dead._owner)
        assert await alive.standing([gauge]) == [Standing(3 * USD, 0, None)]
        await asyncio.sleep(0.06)  # a refusal is remembered for 50 ms
        assert len(await take_at_once([alive], 1, (gauge, 7 * USD))) == 1
