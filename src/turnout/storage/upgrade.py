"""Brings a database's tables to what this version needs, whoever made them.

The migrations in ``migrations/versions`` are the one way to make a table. Alembic, which runs them, takes 0.4 s to
import: a database that is up to date never pays for it.
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
_LOCK = 0x7475726E6F7574  # "turnout": what migrations hold in Postgres while they run


async def upgrade(engine: AsyncEngine) -> None:
    """Several processes may do this at once: one migrates, the others wait for it and find nothing left to do.

    Raises ``StorageUnavailable`` for a database that a newer version made.
    """
    async with engine.connect() as connection:
        if await connection.run_sync(revision) == HEAD:
            return
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells every step; we tell the outcome
    alembic = await asyncio.to_thread(importlib.import_module, "turnout.storage.migrations.run")
    async with _one_at_a_time(), engine.begin() as connection:
        await _lock(connection)
        await connection.run_sync(alembic.migrate)


@asynccontextmanager
async def _one_at_a_time() -> AsyncIterator[None]:
    """In this process: what Alembic works on stands in its module, for all event loops."""
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
    """The newest migration that the database has had; None before the first one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


async def _lock(connection: AsyncConnection) -> None:
    """Until the transaction ends, no other process migrates. SQLite's lock is the one of whoever writes."""
    if connection.dialect.name == "sqlite":
        await connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
