"""Several processes on one data directory, and their deaths."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from pathlib import Path

import pytest

from tests.support.postgres import Postgres
from turnout.ledger import Ledger

from .support import (
    end,
    outcomes,
    process,
    record_many,
    start,
    until,
    write_and_close,
    write_until_killed,
)


def reported(report: Path) -> tuple[set[str], set[str]]:
    """The attempts that a killed writer had begun, and those that it had ended, by its own report."""
    lines = report.read_text().splitlines()
    return {line[1:] for line in lines if line[0] == "+"}, {line[1:] for line in lines if line[0] == "="}


async def test_several_workers_settle_in_one_database(tmp_path: Path) -> None:
    writers = [process(write_and_close, tmp_path, f"w{n}", 1000) for n in range(3)]
    for writer in writers:
        await asyncio.to_thread(writer.join)
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    assert outcomes(tmp_path) == {f"w{n}-{m}-1": "ok" for n in range(3) for m in range(1000)}
    assert os.listdir(tmp_path / "journal") == []


async def test_several_hosts_settle_in_one_postgres(tmp_path: Path, postgres: Postgres) -> None:
    """Each host has a journal of its own; the database is new to all of them."""
    address = postgres.database()
    writers = [process(write_and_close, tmp_path / f"host{n}", f"w{n}", 1000, address) for n in range(3)]
    for writer in writers:
        await asyncio.to_thread(writer.join)
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    rows = postgres.sql("SELECT count(*), count(DISTINCT attempt_id), min(outcome) FROM attempts", address)
    assert rows == ["3000|3000|ok"]


async def test_a_worker_sees_what_another_has_recorded(tmp_path: Path) -> None:
    """It sees an attempt at once: under way, ended, and settled."""
    one, other = await Ledger.open(tmp_path), await Ledger.open(tmp_path)
    for again in range(50):
        name = f"r{again}"
        one.begin(start(name))
        under_way = await other.request(name)
        one.end(end(name))
        ended = await other.request(name)
        assert under_way is not None
        assert ended is not None
        assert (under_way.attempts[0]["outcome"], ended.attempts[0]["outcome"]) == (None, "ok")
    await one.close()
    settled = await other.request("r0")
    assert settled == await other.request("r0") is not None
    await other.close()


@pytest.mark.parametrize("seed", range(8))
async def test_kill_9_at_any_moment_loses_no_finished_attempt(tmp_path: Path, seed: int) -> None:
    """Two workers write and are killed. A third one, which lives all the time, settles their attempts."""
    chance = random.Random(seed)  # noqa: S311  # moments, not secrets
    survivor = await Ledger.open(tmp_path)
    reports = [tmp_path / f"report-{n}" for n in range(2)]
    writers = [process(write_until_killed, tmp_path, f"w{n}", report) for n, report in enumerate(reports)]
    await until(lambda: all(report.exists() for report in reports))
    for writer in writers:
        await asyncio.sleep(chance.uniform(0, 0.3))
        assert writer.pid is not None
        os.kill(writer.pid, signal.SIGKILL)
    for writer in writers:
        await asyncio.to_thread(writer.join)
    await survivor._periodic_recovery.run_once()
    await survivor.close()

    settled = outcomes(tmp_path)
    for report in reports:
        began, ended = reported(report)
        assert began - settled.keys() == set()
        assert {settled[attempt] for attempt in ended} <= {"ok"}
        # At most one attempt had ended when its writer was killed before it could report the end.
        assert len([attempt for attempt in began - ended if settled[attempt] != "lost"]) <= 1
    assert set(settled.values()) <= {"ok", "lost"}
    assert os.listdir(tmp_path / "journal") == []


@pytest.mark.parametrize("database", ["works", "fails"])
def test_a_hundred_thousand_attempts_leave_memory_flat(tmp_path: Path, database: str) -> None:
    """With a database that fails, all of them are in the journal."""
    if database == "fails":
        (tmp_path / "turnout.db").mkdir()
    report = tmp_path / "report"
    writer = process(record_many, tmp_path, report, 100_000)
    writer.join()
    assert writer.exitcode == 0
    after_10_000, after_100_000 = map(int, report.read_text().split())
    assert after_100_000 - after_10_000 < 6 * 1024 * 1024
