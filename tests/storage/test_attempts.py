"""The attempts' table: in once, found by index, and clear about what is wrong with it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import inspect, select, text
from sqlalchemy.dialects import sqlite

from turnout.errors import StorageUnavailable
from turnout.storage import LARGEST_INTEGER, AttemptRow
from turnout.storage.attempts import ROWS_PER_STATEMENT, Attempts, _padded
from turnout.storage.database import open_database
from turnout.storage.tables import attempts

from .support import row


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> AsyncIterator[Attempts]:
    opened = await Attempts.open(f"sqlite+aiosqlite:///{tmp_path}/turnout.db")
    yield opened
    await opened.close()


def test_the_columns_are_the_rows_fields_in_the_same_order() -> None:
    """A statement's parameters are given by position."""
    assert tuple(column.name for column in attempts.columns) == AttemptRow.__struct_fields__


def test_a_statement_stays_below_the_parameters_that_sqlite_takes() -> None:
    assert ROWS_PER_STATEMENT * len(attempts.columns) <= 32_766


async def test_a_row_comes_back_as_it_was(store: Attempts) -> None:
    rows = [
        row("r1", 1, outcome="failed", status=0, error_code="x", error="a 'quoted' \0 \u2603 error", stream=True),
        row("r1", 2, cost=LARGEST_INTEGER, input=-LARGEST_INTEGER, output=2, usage_source="estimated", first_token=7),
    ]
    assert await store.insert(rows) == 2
    assert sorted(await store.of_request("r1"), key=lambda found: found.number) == rows
    assert await store.of_request("r2") == []


async def test_a_row_is_let_in_once_and_stays_as_it_was(store: Attempts) -> None:
    assert await store.insert([row("r1"), row("r1", outcome="lost"), row("r2")]) == 2
    assert await store.insert([row("r1", outcome="cut"), row("r3")]) == 1
    assert await store.of_request("r1") == [row("r1")]


@pytest.mark.parametrize("size", [0, 1, 2, 3, 5, 31, 33, 100, 511, 512, 513, 1700])
async def test_a_batch_of_any_size_goes_in_whole(store: Attempts, size: int) -> None:
    assert await store.insert([row(f"r{number}") for number in range(size)]) == size


def test_sizes_are_rounded_to_few() -> None:
    """Each one is a statement that SQLite prepares and the connection keeps."""
    sizes = {len(_padded([row("r1")] * number)) for number in range(1, ROWS_PER_STATEMENT + 1)}
    assert len(sizes) <= 18
    assert max(sizes) == ROWS_PER_STATEMENT


async def test_a_batch_that_fails_leaves_nothing(store: Attempts) -> None:
    rows = [row(f"r{number}") for number in range(ROWS_PER_STATEMENT + 1)]
    with pytest.raises(StorageUnavailable, match="NOT NULL constraint failed"):
        await store.insert([*rows, row("bad", user=None)])
    assert await store.of_request("r0") == []


async def test_a_request_is_found_by_an_index(store: Attempts, tmp_path: Path) -> None:
    question = select(attempts).where(attempts.c.request_id == "r1")
    statement = question.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    with sqlite3.connect(tmp_path / "turnout.db") as connection:
        plan = [step[3] for step in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
    assert plan == ["SEARCH attempts USING INDEX sqlite_autoindex_attempts_1 (request_id=?)"]


@pytest.mark.parametrize(
    ("where", "index"),
    [
        ("started > 5", "attempts_started (started>?)"),
        ("\"user\" = 'alice' AND started > 5", "attempts_user_started (user=? AND started>?)"),
        ("model = 'fast' AND started > 5", "attempts_model_started (model=? AND started>?)"),
    ],
    ids=["time", "user", "model"],
)
async def test_usage_is_found_by_an_index(store: Attempts, tmp_path: Path, where: str, index: str) -> None:
    with sqlite3.connect(tmp_path / "turnout.db") as connection:
        plan = [step[3] for step in connection.execute(f"EXPLAIN QUERY PLAN SELECT cost FROM attempts WHERE {where}")]  # noqa: S608  # our own words
    assert plan == [f"SEARCH attempts USING INDEX {index}"]


async def test_the_database_is_opened_for_many_readers_and_one_writer(tmp_path: Path) -> None:
    engine = await open_database(f"sqlite+aiosqlite:///{tmp_path}/deep/turnout.db")
    async with engine.connect() as connection:
        told = [
            (await connection.execute(text(f"PRAGMA {name}"))).scalar()
            for name in ("journal_mode", "synchronous", "busy_timeout")
        ]
        names = await connection.run_sync(lambda c: inspect(c).get_table_names())
    await engine.dispose()
    assert told == ["wal", 1, 5000]
    assert names == ["attempts"]


async def test_a_second_opening_finds_what_the_first_left(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/turnout.db"
    for number in (1, 2):
        store = await Attempts.open(url)
        await store.insert([row("r1", number)])
        found = len(await store.of_request("r1"))
        await store.close()
    assert found == 2


@pytest.mark.parametrize("content", [None, b"this is no database at all, but long enough to look like one" * 20])
async def test_what_is_no_database_is_told(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "turnout.db"
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(
        StorageUnavailable, match=r"The database can't be used: (unable to open|file is not a database)"
    ):
        await Attempts.open(f"sqlite+aiosqlite:///{path}")


async def test_a_fault_is_told_without_the_rows(store: Attempts) -> None:
    with pytest.raises(StorageUnavailable) as told:
        await store.insert([row("r1", user=None, error="private words")])
    assert "private words" not in str(told.value)


@pytest.mark.parametrize("held", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
async def test_opening_waits_for_another_process_that_is_making_the_same_database(tmp_path: Path, held: str) -> None:
    other = sqlite3.connect(tmp_path / "turnout.db", isolation_level=None)
    other.execute(held)
    opening = asyncio.create_task(Attempts.open(f"sqlite+aiosqlite:///{tmp_path}/turnout.db"))
    await asyncio.sleep(0.2)  # it has met the lock by now; if not, the test shows less
    other.execute("COMMIT")
    other.close()
    store = await opening
    assert await store.insert([row("r1")]) == 1
    await store.close()
