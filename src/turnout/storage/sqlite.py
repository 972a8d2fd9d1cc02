"""SQLite: a file, for one host."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

BUSY_SECONDS = 5
"""How long a writer waits for another process that is writing."""

CONNECTIONS = 3
"""For settling, for recovery and for reading. Each has a thread with a few megabytes. A task that finds none waits."""

_OWNER_ONLY = 0o600


def engine_of(url: str) -> AsyncEngine:
    _make_file(url)
    engine = create_async_engine(url, connect_args={"timeout": BUSY_SECONDS}, pool_size=CONNECTIONS, max_overflow=0)
    event.listen(engine.sync_engine, "connect", _configure)
    return engine


def _make_file(url: str) -> None:
    """Makes the file readable by its owner only. SQLite gives its other files the same mode."""
    name = make_url(url).database
    if not name or name == ":memory:":
        return
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        path.touch(_OWNER_ONLY)
    elif path.is_file():
        with suppress(PermissionError):  # another user owns it, and decides who may read it
            os.chmod(path, _OWNER_ONLY)


def _configure(connection: DBAPIConnection, _record: object) -> None:
    """Lets a commit not wait for the disk. With a write-ahead log it survives the process, but not a power cut."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


async def prepare(engine: AsyncEngine) -> None:
    """Switches to a write-ahead log, which the file remembers: readers and the writer don't wait for each other.

    Several workers may do this at once. SQLite then refuses the switch without waiting, so it is tried again.
    """
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            async with engine.connect() as connection:
                await connection.exec_driver_sql("PRAGMA journal_mode=WAL")
            return
        except OperationalError as error:
            if not _is_busy(error) or time.monotonic() > deadline:
                raise
        await asyncio.sleep(BUSY_SECONDS / 100)


@asynccontextmanager
async def overwriting(connection: AsyncConnection) -> AsyncIterator[None]:
    """What is removed from the file inside is overwritten with zeros. Does nothing in another database."""
    if connection.dialect.name != "sqlite":
        yield
        return
    usual = (await connection.exec_driver_sql("PRAGMA secure_delete")).scalar_one()
    await connection.exec_driver_sql("PRAGMA secure_delete=ON")
    try:
        yield
    finally:
        await connection.exec_driver_sql(f"PRAGMA secure_delete={int(usual)}")


async def empty_log(engine: AsyncEngine) -> None:
    """Brings the write-ahead log into the file and empties it, as soon as nobody reads from it."""
    if engine.dialect.name == "sqlite":
        async with engine.connect() as connection:
            await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def _is_busy(error: OperationalError) -> bool:
    return isinstance(error.orig, sqlite3.Error) and error.orig.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
