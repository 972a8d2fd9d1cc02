"""The ledger removes old attempts by itself, whole days of them, and its sums stay."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest

from tests.ledger.support import outcomes, until
from tests.storage.support import attempt
from turnout.core import Usage
from turnout.errors import StorageUnavailable
from turnout.ledger import Ledger, Upkeep
from turnout.ledger.usage.upkeep import Retention
from turnout.storage import LazyDatabase, Rated, RatedPeriod, UsageQuestion
from turnout.storage.usage.retention import Retention as Removal

DAY = 86_400 * 10**6


async def test_attempts_older_than_the_days_that_are_kept_go(tmp_path: Path) -> None:
    database = LazyDatabase(tmp_path)
    today = time.time_ns() // 1000 // DAY * DAY
    days = {"old": today - 31 * DAY, "kept": today - 30 * DAY, "new": today}
    await (await database.attempts()).insert([attempt(name, started=started) for name, started in days.items()])
    ledger = await Ledger.open(tmp_path, database, keep_days=30)
    await until(lambda: len(outcomes(tmp_path)) == 2)
    assert set(outcomes(tmp_path)) == {"kept-1", "new-1"}
    (row,) = await (await database.usage()).sums(UsageQuestion(begin=0, end=10**6))
    assert row.sums[:2] == (3, 3)
    compared = await Upkeep(database).verify(lambda _done, _of: None)
    assert (compared.differences, compared.hours, compared.days) == (0, 2, 3)
    await ledger.close()


async def test_a_retention_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_self: object, _hour: int) -> None:
        raise StorageUnavailable("The database can't be used: out of order.")

    monkeypatch.setattr(Removal, "begin", fail)
    ledger = await Ledger.open(tmp_path, keep_days=1)
    await until(lambda: not ledger.state().ok)
    assert ledger.state().retention == "The database can't be used: out of order."
    await ledger.close()


async def test_ratings_go_with_their_attempts(tmp_path: Path) -> None:
    database = LazyDatabase(tmp_path)
    old, new = [attempt(name, started=days * DAY, usage=Usage(input=1)) for name, days in (("old", 10), ("new", 12))]
    await (await database.attempts()).insert([old, new])
    await (await database.rerating()).rerate(RatedPeriod(0, 20 * DAY), None, lambda _: Rated(5, "later"), None)
    await Retention(database, keep_days=1, clock=lambda: 13 * DAY / 1e6).remove_old()
    await database.close()
    with sqlite3.connect(tmp_path / "turnout.db") as connection:
        assert connection.execute("SELECT request_id FROM ratings").fetchall() == [("new",)]


async def test_a_day_goes_when_it_is_over_as_a_whole(tmp_path: Path) -> None:
    database = LazyDatabase(tmp_path)
    await (await database.attempts()).insert([attempt("r", started=10 * DAY + DAY - 1)])
    for now, left in ((12 * DAY - 1, 1), (12 * DAY, 0)):
        retention = Retention(database, keep_days=1, clock=lambda now=now: now / 1e6)  # type: ignore[misc]  # bound now
        await retention.remove_old()
        assert len(outcomes(tmp_path)) == left
    await database.close()
