"""A store that is killed, stopped or started again: no request waits longer than the deadline, and the bound holds."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence

import pytest

from tests.guard.simulated import migrated
from tests.support.postgres import Postgres
from tests.support.redis_server import RedisServer
from turnout.errors import AllowanceStoreDown, BudgetSpent, LimitReached, TurnoutError
from turnout.guard.allowances import Allowances, Settled, StoreDown
from turnout.guard.gauges import Gauge
from turnout.guard.periods import BudgetPeriod
from turnout.guard.reservation import Reservation
from turnout.guard.store import PostgresStore, RedisStore
from turnout.storage import Counters
from turnout.storage.database import open_database

USD = 10**12
LIMIT = Gauge("limit/x/requests/3600", "requests", 10, seconds=3600, says="10 an hour")
BUDGET = Gauge("budget/x/total", "usd", 40 * USD, period="total", says="40 USD")
BUSY = 1.0
"""Seconds that a busy machine may add to a deadline of 50 ms."""


@pytest.fixture
def server(redis_program: str) -> Iterator[RedisServer]:
    """One of its own, as it dies."""
    server = RedisServer(redis_program)
    yield server
    server.remove()


async def nothing_settled(periods: Sequence[BudgetPeriod]) -> list[Settled]:
    return [Settled(0) for _ in periods]


async def taken(allowances: Allowances, gauge: Gauge, units: int) -> Reservation | TurnoutError:
    """Within the deadline."""
    began = time.monotonic()
    try:
        reservation = allowances.take([(gauge, units)])
        return reservation if isinstance(reservation, Reservation) else await reservation
    except TurnoutError as error:
        return error
    finally:
        assert time.monotonic() - began < RedisStore.deadline + BUSY


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Waits for what happens beside the way."""
    deadline = time.monotonic() + 20
    while not await condition():
        assert time.monotonic() < deadline, "the condition never became true"
        await asyncio.sleep(0.01)


async def until_it_works(allowances: Allowances) -> None:
    async def works() -> bool:
        return allowances.condition.error is None

    await until(works)


async def break_it(allowances: Allowances) -> None:
    """Asks until the breaker is open. Each of these requests is judged by ``store_down``."""
    for _ in range(4):
        await taken(allowances, Gauge("limit/other/requests/3600", "requests", 100, seconds=3600), 60)
    assert allowances.condition.error is not None


@pytest.mark.parametrize("fault", ["killed", "stopped"])
async def test_a_dead_store_refuses_budgets_and_counts_limits_here(
    server: RedisServer, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    allowances = Allowances(RedisStore(server.url), "one", nothing_settled)
    await allowances.open()
    first = await taken(allowances, BUDGET, USD)
    assert isinstance(first, Reservation)
    server.kill() if fault == "killed" else server.pause()
    with caplog.at_level(logging.WARNING, "turnout"):
        await break_it(allowances)
        admitted = [await taken(allowances, LIMIT, 1) for _ in range(30)]
        assert [type(each) for each in admitted] == [Reservation] * 10 + [LimitReached] * 20
        spent = [await taken(allowances, BUDGET, 10 * USD) for _ in range(100)]
        assert {type(each) for each in spent} == {AllowanceStoreDown}
        server.start() if fault == "killed" else server.go_on()
        await until_it_works(allowances)
    assert len(caplog.records) == 2  # it doesn't work, it works again
    assert isinstance(await taken(allowances, BUDGET, 10 * USD), Reservation)
    await allowances.close()


async def test_what_was_drawn_ahead_is_spent_while_the_store_is_dead(server: RedisServer) -> None:
    allowances = Allowances(RedisStore(server.url), "one", nothing_settled)
    await allowances.open()
    first = await taken(allowances, BUDGET, USD // 4)
    server.kill()
    again = [await taken(allowances, BUDGET, USD // 4) for _ in range(12)]
    kinds = [type(each) for each in (first, *again)]
    ahead = kinds.index(AllowanceStoreDown)
    assert 1 < ahead < 12
    assert set(kinds[ahead:]) == {AllowanceStoreDown}
    await allowances.close()


async def test_open_budgets_go_on_and_the_store_learns_of_it(server: RedisServer) -> None:
    allowances = Allowances(RedisStore(server.url), "one", nothing_settled, StoreDown("closed", "open"))
    await allowances.open()
    server.kill()
    await break_it(allowances)
    spent = [await taken(allowances, BUDGET, 30 * USD) for _ in range(2)]
    assert [type(each) for each in spent] == [Reservation, Reservation]
    assert isinstance(await taken(allowances, LIMIT, 1), AllowanceStoreDown)
    server.start()
    await until_it_works(allowances)
    assert isinstance(await taken(allowances, BUDGET, USD), BudgetSpent)
    await allowances.close()


async def test_a_store_that_has_lost_its_memory_is_told_again(server: RedisServer) -> None:
    """One process notices by its next question, the other by its ping. Together they hold no more than the budget."""
    one, two = (Allowances(RedisStore(server.url), name, nothing_settled) for name in ("one", "two"))
    for each in (one, two):
        await each.open()
        assert isinstance(await taken(each, BUDGET, 15 * USD), Reservation)
    server.kill()
    server.start()

    async def is_told() -> bool:
        (standing,) = await one.standing([BUDGET])
        return standing.reserved >= 30 * USD

    await until(is_told)
    assert isinstance(await taken(one, BUDGET, 11 * USD), BudgetSpent)
    assert isinstance(await taken(two, BUDGET, 8 * USD), Reservation)
    for each in (one, two):
        await each.close()


async def test_a_service_starts_without_its_store(server: RedisServer) -> None:
    server.kill()
    allowances = Allowances(RedisStore(server.url), "one", nothing_settled)
    await allowances.open()
    assert allowances.condition.error is not None
    assert isinstance(allowances.take([(LIMIT, 1)]), Reservation)
    server.start()
    await until_it_works(allowances)
    await allowances.close()


async def on_postgres(postgres: Postgres) -> tuple[Allowances, Counters]:
    address = postgres.database()
    await (await open_database(address)).dispose()
    counters = Counters(address, migrated)
    allowances = Allowances(PostgresStore(counters), "one", nothing_settled)
    await allowances.open()
    return allowances, counters


async def test_postgres_that_stops_answering(postgres: Postgres) -> None:
    """Its process for this connection is stopped, so the connection stays open and nothing comes back."""
    allowances, counters = await on_postgres(postgres)
    assert counters._connection is not None
    backend = counters._connection.get_server_pid()
    os.kill(backend, signal.SIGSTOP)
    try:
        assert isinstance(await taken(allowances, BUDGET, 10 * USD), AllowanceStoreDown)

        async def is_healed() -> bool:
            return isinstance(await taken(allowances, BUDGET, 10 * USD), Reservation)

        await until(is_healed)
    finally:
        os.kill(backend, signal.SIGCONT)
    await allowances.close()


async def test_postgres_that_is_stopped_and_started_again(postgres: Postgres) -> None:
    """What was held before is still held."""
    allowances, _ = await on_postgres(postgres)
    assert isinstance(await taken(allowances, BUDGET, 30 * USD), Reservation)
    postgres.stop()
    try:
        kinds = {type(await taken(allowances, BUDGET, 15 * USD)) for _ in range(20)}
        assert kinds == {AllowanceStoreDown}
    finally:
        postgres.start()
    await until_it_works(allowances)
    assert isinstance(await taken(allowances, BUDGET, 15 * USD), BudgetSpent)
    assert isinstance(await taken(allowances, BUDGET, 5 * USD), Reservation)
    await allowances.close()
