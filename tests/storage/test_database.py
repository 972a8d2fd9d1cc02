"""Opening the database: its file, its faults, and their messages."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.support.postgres import PASSWORD, Postgres
from turnout.errors import StorageUnavailable
from turnout.storage import LazyDatabase
from turnout.storage.database import open_database

from .support import attempt, opened


async def test_a_file_is_opened_for_many_readers_and_one_writer(tmp_path: Path) -> None:
    engine = await open_database(f"sqlite+aiosqlite:///{tmp_path}/deep/turnout.db")
    async with engine.connect() as connection:
        values = [
            (await connection.execute(text(f"PRAGMA {name}"))).scalar()
            for name in ("journal_mode", "synchronous", "busy_timeout")
        ]
    await engine.dispose()
    assert values == ["wal", 1, 5000]


@pytest.mark.parametrize("before", [None, 0o644], ids=["new", "from-an-earlier-version"])
async def test_only_its_owner_may_read_the_file_and_those_beside_it(tmp_path: Path, before: int | None) -> None:
    path = tmp_path / "turnout.db"
    if before is not None:
        path.touch(before)
    async with opened(f"sqlite+aiosqlite:///{path}") as store:
        await store.insert([attempt("r1")])
        modes = {name: stat.S_IMODE(os.stat(tmp_path / name).st_mode) for name in os.listdir(tmp_path)}
    assert modes == {"turnout.db": 0o600, "turnout.db-wal": 0o600, "turnout.db-shm": 0o600}


async def test_a_second_opening_finds_what_the_first_left(database_address: str) -> None:
    for number in (1, 2):
        async with opened(database_address) as store:
            await store.insert([attempt("r1", number)])
            stored = len(await store.of_request("r1"))
    assert stored == 2


@pytest.mark.parametrize("content", [None, b"this is no database at all, but long enough to look like one" * 20])
async def test_a_file_that_is_no_database_is_reported(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "turnout.db"
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(
        StorageUnavailable, match=r"The database can't be used: (unable to open|file is not a database)"
    ):
        await open_database(f"sqlite+aiosqlite:///{path}")


@pytest.mark.parametrize("held", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
async def test_opening_waits_for_another_process_that_is_making_the_same_database(tmp_path: Path, held: str) -> None:
    other = sqlite3.connect(tmp_path / "turnout.db", isolation_level=None)
    other.execute(held)
    opening = asyncio.create_task(open_database(f"sqlite+aiosqlite:///{tmp_path}/turnout.db"))
    await asyncio.sleep(0.2)  # usually it waits for the lock by now
    assert not opening.done()
    other.execute("COMMIT")
    other.close()
    await (await opening).dispose()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ((PASSWORD, "wrong-SECRET"), 'password authentication failed for user "turnout"'),
        (("/postgres", "/nothing"), 'database "nothing" does not exist'),
        (("/postgres", "/postgres?sslmode=SECRET"), "not an address that asyncpg understands"),
        (("127.0.0.1", "127.0.0.2"), "Connect call failed"),
    ],
    ids=["password", "database", "option", "address"],
)
async def test_a_refusal_of_postgres_is_reported_without_the_password(
    postgres: Postgres, change: tuple[str, str], message: str
) -> None:
    with pytest.raises(StorageUnavailable, match=message) as raised:
        await open_database(postgres.url().replace(*change))
    assert "SECRET" not in str(raised.value)
    assert PASSWORD not in str(raised.value)


async def test_a_postgres_that_comes_back_is_used_again(tmp_path: Path) -> None:
    """Its connections died with it; the next call opens new ones."""
    server = Postgres()
    database = LazyDatabase(tmp_path, server.database())
    try:
        attempts = await database.attempts()
        assert await attempts.insert([attempt("r1")]) == 1
        server.stop()
        with pytest.raises(StorageUnavailable):
            await attempts.insert([attempt("r2")])
        server.start()
        assert await attempts.insert([attempt("r1"), attempt("r2")]) == 1
    finally:
        await database.close()
        server.remove()


async def test_a_database_that_does_not_open_is_tried_again_by_the_next_call(tmp_path: Path) -> None:
    (tmp_path / "turnout.db").mkdir()
    database = LazyDatabase(tmp_path)
    with pytest.raises(StorageUnavailable):
        await database.attempts()
    (tmp_path / "turnout.db").rmdir()
    assert await (await database.attempts()).of_request("r1") == []
    await database.close()


async def test_closing_leaves_only_the_file(tmp_path: Path) -> None:
    """SQLite removes the files beside it when its last connection is closed."""
    database = LazyDatabase(tmp_path)
    await database.close()
    assert os.listdir(tmp_path) == []  # it was never opened
    await (await database.attempts()).insert([attempt("r1")])
    assert sorted(os.listdir(tmp_path)) == ["turnout.db", "turnout.db-shm", "turnout.db-wal"]
    await database.close()
    assert os.listdir(tmp_path) == ["turnout.db"]
