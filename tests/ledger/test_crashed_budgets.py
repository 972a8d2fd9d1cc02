"""A process dies after it has spent and before that is settled: the budgets are whole when its journal is settled."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from tests.guard.simulated import migrated
from tests.support.postgres import Postgres
from turnout.guard.allowances import Allowances, Standing, StoreDown
from turnout.guard.gauges import Gauge
from turnout.guard.reservation import Reservation
from turnout.guard.settled import SettledSums
from turnout.guard.store import PostgresStore
from turnout.ledger import Ledger, new_owner
from turnout.storage import Counters, LazyDatabase
from turnout.storage.database import open_database

from .support import end, process, start, until

BUDGETS = ("key/key_1/total", "tier/gold/key_1/total", "user/alice/total", "team/blue/total/fast", "model/fast/total")
GAUGES = [Gauge(f"budget/{name}", "usd", 10**6, period="total", says="a budget") for name in BUDGETS]
CLOSED = StoreDown("closed", "closed")
PATIENT = 20.0  # seconds: a busy machine must not look like a dead store


class Worker:
    """A process's ledger, and its part of the budgets."""

    def __init__(self, data_dir: Path, ledger_address: str, store_address: str) -> None:
        PostgresStore.deadline = PATIENT
        self.owner = new_owner()
        self.database = LazyDatabase(data_dir, ledger_address)
        store = PostgresStore(Counters(store_address, migrated))
        self.allowances = Allowances(store, self.owner, SettledSums(self.database), CLOSED)
        self._data_dir = data_dir

    async def open(self) -> Ledger:
        await self.database.migrate()
        await self.allowances.open()
        return await Ledger.open(self._data_dir, self.database, observer=self.allowances, owner=self.owner)

    async def reserve(self, amount: int) -> Reservation:
        taken = self.allowances.take([(gauge, amount) for gauge in GAUGES])
        return taken if isinstance(taken, Reservation) else await taken


def spend_and_die(*places: object) -> None:
    async def work() -> None:
        worker = Worker(*places)  # type: ignore[arg-type]
        ledger = await worker.open()
        for name, cost in (("settled", 100), ("spent", 421)):
            reservation = await worker.reserve(900)
            ledger.begin(start(name, team="blue"))
            ledger.end(end(name, cost=cost))
            reservation.spend(cost, 10)
            if name == "settled":
                reservation.close()
                await until(lambda: ledger.state().settled == 1)
        ledger.begin(
            start("under-way", 2, team="blue", model="alias", alias_of="fast", input_estimate=5, cost_estimate=50)
        )
        os.kill(os.getpid(), signal.SIGKILL)

    asyncio.run(work())


@pytest.fixture(autouse=True)
def _deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PostgresStore, "deadline", PATIENT)


async def test_after_a_crash_nothing_is_set_aside_and_all_that_was_spent_counts(
    tmp_path: Path, database_address: str, postgres: Postgres
) -> None:
    store_address = postgres.database()
    await (await open_database(store_address)).dispose()
    places = (tmp_path, database_address, store_address)
    died = process(spend_and_die, *places)
    await asyncio.to_thread(died.join)
    assert died.exitcode == -signal.SIGKILL

    worker = Worker(*places)
    standings = await worker.allowances.standing(GAUGES)
    assert [(each.used, each.reserved >= 900) for each in standings] == [(100, True)] * len(GAUGES)
    (left,) = (tmp_path / "journal").iterdir()
    ledger = await worker.open()
    await until(lambda: not left.exists())
    assert ledger.state().lost == 1
    assert await worker.allowances.standing(GAUGES) == [Standing(100 + 421 + 50, 0, None)] * len(GAUGES)
    await ledger.close()
    await worker.allowances.close()
