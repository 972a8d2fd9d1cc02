"""The migrations: they work on every older database, and for several processes at once."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from turnout.core import Usage
from turnout.errors import StorageUnavailable
from turnout.storage import LazyDatabase
from turnout.storage.database import engine_of, open_database
from turnout.storage.expected_schema import EXPECTED, HEAD, VERSIONS
from turnout.storage.migrations.run import configuration
from turnout.storage.tables import cubes, metadata
from turnout.storage.upgrade import _MIGRATING

from .support import attempt, opened, run, tables

ROLLUPS = {table.name for cube in cubes.values() for table in (cube.groups, *cube.cells)}
TABLES = {
    "alembic_version",
    "attempts",
    "counters",
    "audit",
    "keys",
    "models",
    "price_books",
    "ratings",
    "revisions",
    "teams",
    "turns",
    "usage_numbers",
    "users",
    *ROLLUPS,
}
TEAMS = [(table, name) for table in ("attempts", "usage_groups") for name in ("team", "alias_of")]
SAVED = [
    ("attempts", "saved"),
    *(
        (table, name)
        for table in ("usage_hours", "usage_days", "session_usage_hours", "tag_usage_hours", "tag_usage_days")
        for name in ("cached", "saved_high", "saved_low")
    ),
]
BEFORE_MIGRATIONS = """
CREATE TABLE attempts (
    attempt_id TEXT NOT NULL, request_id TEXT NOT NULL, number INTEGER NOT NULL, started BIGINT NOT NULL,
    dialect TEXT NOT NULL, key_id TEXT NOT NULL, "user" TEXT NOT NULL, model TEXT NOT NULL, deployment TEXT NOT NULL,
    provider TEXT NOT NULL, upstream_model TEXT NOT NULL, stream BOOLEAN NOT NULL, outcome TEXT NOT NULL,
    status INTEGER NOT NULL, queue BIGINT, first_token BIGINT, total BIGINT, cost BIGINT, price_version TEXT,
    finish TEXT, error_code TEXT, error TEXT, input BIGINT, output BIGINT, cached_input BIGINT, cache_write BIGINT,
    reasoning BIGINT, usage_source TEXT, PRIMARY KEY (request_id, attempt_id)
);
CREATE INDEX attempts_model_started ON attempts (model, started);
CREATE INDEX attempts_started ON attempts (started);
CREATE INDEX attempts_user_started ON attempts ("user", started);
INSERT INTO attempts VALUES ('old-1', 'old', 1, 5, 'openai', '', '', 'm', 'd', 'p', 'u', 0, 'ok', 200, 1, 2, 3, 4, 'v',
    'stop', NULL, NULL, 1, 2, 0, 0, 0, 'reported');
"""
"""What the first version of Turnout made, with a row in it."""


async def compared(address: str) -> list[object]:
    """The changes that the database would need to be as ``tables`` says."""

    def differences(connection: Connection) -> list[object]:
        options = {"compare_type": True, "compare_server_default": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))

    engine = engine_of(address)
    async with engine.connect() as connection:
        changes = await connection.run_sync(differences)
    await engine.dispose()
    return changes


def test_the_newest_migration_is_the_one_that_opening_looks_for() -> None:
    assert ScriptDirectory.from_config(configuration()).get_heads() == [HEAD]


async def test_an_empty_database_gets_the_tables_that_statements_expect(database_address: str) -> None:
    async with opened(database_address):
        pass
    assert await tables(database_address) == TABLES
    assert await compared(database_address) == []


async def test_a_database_from_before_there_were_migrations_is_adopted(database_address: str) -> None:
    statements = BEFORE_MIGRATIONS.replace(", 0, 'ok'", ", FALSE, 'ok'").split(";\n")
    await run(database_address, *filter(None, statements))
    async with opened(database_address) as store:
        (old,) = await store.of_request("old")
        assert old.end is not None
        assert (old.end.operation, old.end.changes, old.end.usage) == ("chat", (), Usage(input=1, output=2))
        assert await store.insert([attempt("old"), attempt("new", operation="embeddings")]) == 1
        assert [new.end and new.end.operation for new in await store.of_request("new")] == ["embeddings"]
    assert await compared(database_address) == []


@pytest.mark.parametrize("step", ["0001", "0002"])
async def test_a_database_of_any_version_between_is_brought_up_to_date(database_address: str, step: str) -> None:
    def upgrade(connection: Connection) -> None:
        config = configuration()
        config.attributes["connection"] = connection
        command.upgrade(config, step)

    engine = engine_of(database_address)
    async with engine.begin() as connection:
        await connection.run_sync(upgrade)
    await engine.dispose()
    assert await run(database_address, "SELECT version_num FROM alembic_version") == [(step,)]
    async with opened(database_address) as store:
        assert await store.insert([attempt("r1")]) == 1
    assert await compared(database_address) == []


def test_a_generated_migration_has_plain_types(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It must run as it is, even if the class of the columns gets another name one day."""
    address = f"sqlite+aiosqlite:///{tmp_path}/turnout.db"
    config = configuration()
    config.set_main_option("version_locations", f"{VERSIONS} {tmp_path}")
    config.set_main_option("path_separator", "space")
    monkeypatch.setenv("DATABASE_URL", address)
    command.upgrade(config, "head")
    asyncio.run(run(address, "ALTER TABLE attempts DROP COLUMN changes"))
    command.revision(config, "changes", autogenerate=True, rev_id="9999", version_path=str(tmp_path))
    (written,) = tmp_path.glob("9999*.py")
    assert "op.add_column('attempts', sa.Column('changes', sa.Text, nullable=True))" in written.read_text()


async def test_many_may_open_a_new_database_at_once(database_address: str) -> None:
    """Here in one process; below in several."""
    engines = await asyncio.gather(*(open_database(database_address) for _ in range(8)))
    await asyncio.gather(*(engine.dispose() for engine in engines))
    assert await run(database_address, "SELECT version_num FROM alembic_version") == [(HEAD,)]


async def test_a_process_may_open_several_new_databases_at_once(tmp_path: Path) -> None:
    """Several gateways of the library do so, in one event loop and in others beside it."""

    async def open_some(name: str) -> None:
        addresses = [f"sqlite+aiosqlite:///{tmp_path}/{name}-{number}.db" for number in range(3)]
        for engine in await asyncio.gather(*map(open_database, addresses)):
            await engine.dispose()

    await asyncio.gather(open_some("here"), *(asyncio.to_thread(asyncio.run, open_some(name)) for name in "ab"))
    names = [f"{name}-{number}" for name in ("here", "a", "b") for number in range(3)]
    assert [await tables(f"sqlite+aiosqlite:///{tmp_path}/{name}.db") for name in names] == [TABLES] * 9


async def test_an_opening_that_is_given_up_leaves_the_way_free(tmp_path: Path) -> None:
    with _MIGRATING:
        opening = asyncio.create_task(open_database(f"sqlite+aiosqlite:///{tmp_path}/a.db"))
        await asyncio.wait({opening}, timeout=0.2)
        opening.cancel()
        await asyncio.wait({opening})
    other = f"sqlite+aiosqlite:///{tmp_path}/b.db"
    await (await open_database(other)).dispose()
    assert await tables(other) == TABLES


async def test_several_processes_may_open_a_new_database_at_once(database_address: str) -> None:
    source = (
        "import asyncio, sys\n"
        "from turnout.storage.database import open_database\n"
        "async def main():\n"
        "    sys.stdin.read(1)\n"
        "    await (await open_database(sys.argv[1])).dispose()\n"
        "asyncio.run(main())\n"
    )
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", source, database_address,
            stdin=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )
        for _ in range(4)
    ]  # fmt: skip
    ended = await asyncio.gather(*(process.communicate(b"!") for process in processes))
    assert [(process.returncode, errors) for process, (_, errors) in zip(processes, ended, strict=True)] == [
        (0, b"")
    ] * 4
    assert await run(database_address, "SELECT version_num FROM alembic_version") == [(HEAD,)]


async def test_a_migration_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """Its changes are undone, and the next opening begins from the start."""
    path = tmp_path / "turnout.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE VIEW revisions AS SELECT 1")  # in the way of 0003
    with pytest.raises(StorageUnavailable, match="revisions"):
        await open_database(f"sqlite+aiosqlite:///{path}")
    assert await tables(f"sqlite+aiosqlite:///{path}") == set()


async def test_a_database_that_a_newer_version_has_changed_is_not_touched(database_address: str) -> None:
    async with opened(database_address):
        pass
    await run(database_address, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StorageUnavailable, match=rf"newer version of Turnout has changed it \(to 9999; .* {HEAD}\)"):
        await open_database(database_address)


async def test_alembic_is_not_loaded_for_a_database_that_is_up_to_date(tmp_path: Path) -> None:
    """It takes 0.4 s, which every start would pay."""
    address = f"sqlite+aiosqlite:///{tmp_path}/turnout.db"
    async with opened(address):
        pass
    source = (
        "import asyncio, sys\n"
        "from turnout.storage.database import open_database\n"
        "async def main():\n"
        "    await (await open_database(sys.argv[1])).dispose()\n"
        "asyncio.run(main())\n"
        "print('alembic' in sys.modules)\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", source, address, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert output == b"False\n"


HALF = r"^The database can't be used: it is half migrated: "
CASES = {
    "a table is gone": ("DROP TABLE turns", rf"version {HEAD} and lacks turns\."),
    "columns are gone": (
        "ALTER TABLE attempts DROP COLUMN plan; ALTER TABLE models DROP COLUMN updated; DROP TABLE ratings; "
        "DROP TABLE price_books",
        r"lacks attempts\.plan, models\.updated, price_books and 1 more\.",
    ),
    "two versions": ("INSERT INTO alembic_version VALUES ('0001')", rf"versions 0001 and {HEAD} at once\."),
    "no version": (
        "DELETE FROM alembic_version; DROP TABLE attempts",
        r"has \w+, \w+, \w+ and \d+ more and doesn't say",
    ),
}


@pytest.mark.parametrize("case", CASES)
async def test_a_half_migrated_database_is_refused_and_not_touched(database_address: str, case: str) -> None:
    statements, says = CASES[case]
    await (await open_database(database_address)).dispose()
    await run(database_address, *statements.split("; "))
    before = await tables(database_address)
    database = LazyDatabase(Path("unused"), database_address)
    for asked in (database.refuse_unusable, database.missing_migrations, database.migrate, database.attempts):
        with pytest.raises(StorageUnavailable, match=HALF + ".*" + says):
            await asked()
    assert await tables(database_address) == before


async def test_a_newer_database_is_refused_at_the_first_look(database_address: str) -> None:
    await (await open_database(database_address)).dispose()
    database = LazyDatabase(Path("unused"), database_address)
    await database.refuse_unusable()
    await run(database_address, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StorageUnavailable, match="newer version of Turnout"):
        await database.refuse_unusable()


async def test_missing_migrations_are_told_and_made(database_address: str) -> None:
    database = LazyDatabase(Path("unused"), database_address)
    missing = await database.missing_migrations()
    assert missing[0][0] == "0001"
    assert missing[0][1].startswith("The attempts' table.")
    assert (missing[-1][0], len({title for _, title in missing})) == (HEAD, len(missing))
    await database.refuse_unusable()
    await database.migrate()
    assert await database.missing_migrations() == []
    await database.close()
    indexes = [f"DROP INDEX usage_groups_{name}" for name in ("key_id", "user", "team", "model", "alias_of")]
    columns = [f"ALTER TABLE {table} DROP COLUMN {name}" for table, name in (*TEAMS, *SAVED)]
    await run(database_address, "UPDATE alembic_version SET version_num = '0013'", *indexes, *columns)
    database = LazyDatabase(Path("unused"), database_address)
    assert [number for number, _ in await database.missing_migrations()] == ["0014", "0015"]
    await database.migrate()
    await database.close()
    assert await compared(database_address) == []


def test_the_names_that_are_expected_are_those_of_the_tables() -> None:
    of_tables = {(table.name, column.name) for table in metadata.tables.values() for column in table.columns}
    assert of_tables == EXPECTED


@pytest.mark.parametrize("address", ["postgresql+asyncpg://u:p@127.0.0.1:1/x", "sqlite+aiosqlite:///FOLDER/broken.db"])
async def test_a_database_that_cannot_be_reached_is_not_refused(tmp_path: Path, address: str) -> None:
    """A look tells why, and makes no file."""
    (tmp_path / "broken.db").write_bytes(b"no database at all" * 100)
    database = LazyDatabase(tmp_path, address.replace("FOLDER", str(tmp_path)))
    await database.refuse_unusable()
    with pytest.raises(StorageUnavailable, match=r"can't be (read|asked)"):
        await database.missing_migrations()
    assert os.listdir(tmp_path) == ["broken.db"]
    absent = LazyDatabase(tmp_path / "absent")
    await absent.refuse_unusable()
    assert os.listdir(tmp_path) == ["broken.db"]
