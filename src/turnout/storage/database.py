"""Opens the database, and turns what goes wrong with it into ``StorageUnavailable``."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.schema import CreateIndex, CreateTable

from turnout.errors import StorageUnavailable

from .tables import metadata

BUSY_SECONDS = 5
"""How long a writer waits for another process that is writing."""


CONNECTIONS = 3
"""One that settles, one that recovers, one that reads. Each is a thread with a few megabytes; who finds none waits."""


async def open_database(url: str) -> AsyncEngine:
    """The engine of the database at ``url``, with its tables made. Raises ``StorageUnavailable``.

    Several processes may do this at once.
    """
    with telling_of_faults():
        _make_folder(url)
        engine = create_async_engine(url, connect_args={"timeout": BUSY_SECONDS}, pool_size=CONNECTIONS, max_overflow=0)
        event.listen(engine.sync_engine, "connect", _configure)
        try:
            await _set_up(engine)
        except BaseException:
            await engine.dispose()
            raise
        return engine


@contextmanager
def telling_of_faults() -> Iterator[None]:
    """Anything that the database, its driver or its disk raises in here becomes ``StorageUnavailable``."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        cause = getattr(error, "orig", None) or error  # the driver's own words, without statement and parameters
        raise StorageUnavailable(f"The database can't be used: {cause}") from error


def _make_folder(url: str) -> None:
    name = make_url(url).database
    if name and name != ":memory:":
        Path(name).parent.mkdir(parents=True, exist_ok=True, mode=0o700)


def _configure(connection: DBAPIConnection, _record: object) -> None:
    """A commit doesn't wait for the disk: with a write-ahead log it outlives the process, though not a power cut."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


async def _set_up(engine: AsyncEngine) -> None:
    """Several workers come here at once, and SQLite refuses at once to change to a write-ahead log meanwhile."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            await _use_log(engine)
            return await _create_tables(engine)
        except OperationalError as error:
            if not _is_busy(error) or time.monotonic() > deadline:
                raise
        await asyncio.sleep(BUSY_SECONDS / 100)


def _is_busy(error: OperationalError) -> bool:
    return isinstance(error.orig, sqlite3.Error) and error.orig.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY


async def _use_log(engine: AsyncEngine) -> None:
    """With a write-ahead log, readers and the one writer don't wait for each other. The file remembers it."""
    async with engine.connect() as connection:
        await connection.exec_driver_sql("PRAGMA journal_mode=WAL")


async def _create_tables(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        for table in metadata.sorted_tables:
            await connection.execute(CreateTable(table, if_not_exists=True))
            for index in sorted(table.indexes, key=lambda index: str(index.name)):
                await connection.execute(CreateIndex(index, if_not_exists=True))
