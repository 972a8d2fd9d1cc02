"""SQLite: a file, for one host."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

BUSY_SECONDS = 5
"""How long a writer waits for another process that is writing."""

CONNECTIONS = 3
"""One that settles, one that recovers, one that reads. Each is a thread with a few megabytes; who finds none waits."""

_OWNER_ONLY = 0o600


def engine_of(url: str) -> AsyncEngine:
    _make_file(url)
    engine = create_async_engine(url, connect_args={"timeout": BUSY_SECONDS}, pool_size=CONNECTIONS, max_overflow=0)
    event.listen(engine.sync_engine, "connect", _configure)
    return engine


def _make_file(url: str) -> None:
    """Only its owner may read it; SQLite's files beside it have the same mode."""
    name = make_url(url).database
    if not name or name == ":memory:":
        return
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        path.touch(_OWNER_ONLY)
    elif path.is_file():
        with suppress(PermissionError):  # another user's: whether it may be read is for them to say
            os.chmod(path, _OWNER_ONLY)


def _configure(connection: DBAPIConnection, _record: object) -> None:
    """A commit doesn't wait for the disk: with a write-ahead log it outlives the process, though not a power cut."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


async def prepare(engine: AsyncEngine) -> None:
    """With a write-ahead log, readers and the one writer don't wait for each other. The file remembers it.

    Several workers come here at once, and SQLite refuses at once to change to such a log meanwhile.
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


def _is_busy(error: OperationalError) -> bool:
    return isinstance(error.orig, sqlite3.Error) and error.orig.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
