"""Changes a database's tables to those that this version needs.

Only the migrations in ``migrations/versions`` make tables. Alembic runs them and takes 0.4 s to import, so it is not
imported for a database that is up to date.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from .expected_schema import COLUMN_QUERIES, REVISION_QUERY, Found, columns_of, has_revisions, missing_migrations

_MIGRATING = threading.Lock()
_LOCK = 0x7475726E6F7574  # "turnout": the key of the lock that migrations hold in Postgres


async def upgrade(engine: AsyncEngine) -> None:
    """Several processes may do this at once: one migrates, the others wait and then have nothing to do.

    Raises ``StorageUnavailable`` for a database that a newer version has changed, and for one that is half migrated.
    """
    async with engine.connect() as connection:
        if not missing_migrations(await connection.run_sync(found_in)):
            return
    logging.getLogger("alembic").setLevel(logging.WARNING)  # Alembic logs every step, we log the outcome
    alembic = await asyncio.to_thread(importlib.import_module, "turnout.storage.migrations.run")
    async with _one_at_a_time(), engine.begin() as connection:
        await _lock(connection)
        await connection.run_sync(alembic.migrate)


def found_in(connection: Connection) -> Found:
    columns = columns_of(connection.execute(text(COLUMN_QUERIES[connection.dialect.name])))
    if not has_revisions(columns):
        return Found((), columns)
    return Found([str(row[0]) for row in connection.execute(text(REVISION_QUERY))], columns)


@asynccontextmanager
async def _one_at_a_time() -> AsyncIterator[None]:
    """A lock inside this process: Alembic keeps its state in a module, which all event loops share."""
    acquiring = asyncio.ensure_future(asyncio.to_thread(_MIGRATING.acquire))
    try:
        await asyncio.shield(acquiring)
    except asyncio.CancelledError:  # the thread goes on, and will have the lock
        acquiring.add_done_callback(lambda _: _MIGRATING.release())
        raise
    try:
        yield
    finally:
        _MIGRATING.release()


async def _lock(connection: AsyncConnection) -> None:
    """Keeps other processes from migrating until the transaction ends. SQLite's lock is its writer lock."""
    if connection.dialect.name == "sqlite":
        await connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
