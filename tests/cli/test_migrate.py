"""``turnout migrate``, and a start on a database that this version can't use."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.support import invoke, run
from turnout.storage.expected_schema import HEAD, REVISIONS


def sql(statement: str) -> None:
    with closing(sqlite3.connect("data/turnout.db")) as connection, connection:
        connection.execute(statement)


def test_what_is_missing_is_listed_checked_and_made() -> None:
    first, *_, last = invoke("migrate", "--dry-run").stdout.splitlines()
    assert first.startswith("0001  The attempts' table.")
    assert last == f"Migrations that are missing: {len(REVISIONS)}"
    assert invoke("migrate", "--check").exit_code == 1
    assert not Path("data/turnout.db").exists()
    made = invoke("migrate")
    assert (made.exit_code, made.stdout) == (0, f"Migrations that were made: {len(REVISIONS)}\n")
    for words in ((), ("--check",), ("--dry-run",)):
        again = invoke("migrate", *words)
        assert (again.exit_code, again.stdout) == (0, "The database has all tables that this version needs.\n")


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE alembic_version SET version_num = '9999'", f"(to 9999; this one knows {HEAD})"),
        ("DROP TABLE turns", "it is half migrated: it says that it is of version"),
    ],
)
def test_a_database_that_cannot_be_used_stops_a_start_with_a_sentence(statement: str, says: str) -> None:
    invoke("migrate")
    sql(statement)
    for words in (("serve", "--port", "0"), ("migrate", "--check")):
        ended = run(*words)
        assert ended.returncode == 1
        (line,) = [line for line in ended.stderr.splitlines() if line.startswith("turnout: ")]
        assert says in line
        assert "Traceback" not in ended.stderr
