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
from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

_VERSIONS = Path(__file__).parent / "migrations" / "versions"

HEAD = max(file.name[1:5] for file in _VERSIONS.glob("v*.py"))
"""The number of the newest migration, by the names of their files: ``v0004_turns.py``."""

_MIGRATING = threading.Lock()
_LOCK = 0x7475726E6F7574  # "turnout": the key of the lock that migrations hold in Postgres


async def upgrade(engine: AsyncEngine) -> None:
    """Several processes may do this at once: one migrates, the others wait and then have nothing to do.

    Raises ``StorageUnavailable`` for a database that a newer version has changed.
    """
    async with engine.connect() as connection:
        if await connection.run_sync(revision) == HEAD:
            return
    logging.getLogger("alembic").setLevel(logging.WARNING)  # Alembic logs every step, we log the outcome
    alembic = await asyncio.to_thread(importlib.import_module, "turnout.storage.migrations.run")
    async with _one_at_a_time(), engine.begin() as connection:
        await _lock(connection)
        await connection.run_sync(alembic.migrate)


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


def revision(connection: Connection) -> str | None:
    """The database's newest migration; None before the first one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    number = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if number is None else str(number)


async def _lock(connection: AsyncConnection) -> None:
    """Keeps other processes from migrating until the transaction ends. SQLite's lock is its writer lock."""
    if connection.dialect.name == "sqlite":
        await connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
