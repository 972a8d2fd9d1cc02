"""Looks at a database's tables without opening it. SQLAlchemy isn't imported: a start would take twice as long."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from turnout.errors import StorageUnavailable

from .address import POSTGRES, SQLITE
from .expected_schema import COLUMN_QUERIES, REVISION_QUERY, Found, columns_of, has_revisions

SECONDS: Final = 2.0
"""For each step: a start doesn't wait longer for a Postgres that doesn't answer."""


async def look(url: str) -> Found:
    """Changes nothing, and makes no file. Raises ``StorageUnavailable`` for a database that can't be read."""
    return await _look_at_postgres(url) if url.startswith(POSTGRES) else _look_at_sqlite(url)


def _look_at_sqlite(url: str) -> Found:
    """It takes a millisecond."""
    path = Path(url.removeprefix(f"{SQLITE}:///").partition("?")[0])
    if not path.is_file():
        return Found()
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=SECONDS)
        try:
            columns = columns_of(connection.execute(COLUMN_QUERIES["sqlite"]))
            revisions = list(connection.execute(REVISION_QUERY)) if has_revisions(columns) else []
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise StorageUnavailable(f"The database can't be read: {error}") from error
    return Found([row[0] for row in revisions], columns)


async def _look_at_postgres(url: str) -> Found:
    import asyncpg  # type: ignore[import-untyped]  # it comes without types; only who has a Postgres pays for it

    try:
        connection = await asyncpg.connect("postgresql" + url.removeprefix(POSTGRES), timeout=SECONDS)
        try:
            columns = columns_of(await connection.fetch(COLUMN_QUERIES["postgresql"], timeout=SECONDS))
            revisions = await connection.fetch(REVISION_QUERY, timeout=SECONDS) if has_revisions(columns) else []
        finally:
            await connection.close(timeout=SECONDS)
    except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise StorageUnavailable(f"Postgres can't be asked: {type(error).__name__}") from error
    return Found([row[0] for row in revisions], columns)
