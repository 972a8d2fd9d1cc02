"""Opens the database, and turns what goes wrong with it into ``StorageUnavailable``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.schema import CreateIndex, CreateTable

from turnout.errors import StorageUnavailable

from .tables import metadata

BUSY_SECONDS = 5
"""How long a writer waits for another process that is writing."""

PRAGMAS = (
    "PRAGMA journal_mode=WAL",  # readers and the one writer don't wait for each other
    "PRAGMA synchronous=NORMAL",  # a commit doesn't wait for the disk: it outlives the process, not a power cut
)


async def open_database(url: str) -> AsyncEngine:
    """The engine of the database at ``url``, with its tables made. Raises ``StorageUnavailable``.

    Several processes may do this at once.
    """
    with telling_of_faults():
        _make_folder(url)
        engine = create_async_engine(url, connect_args={"timeout": BUSY_SECONDS})
        event.listen(engine.sync_engine, "connect", _set_pragmas)
        try:
            await _create_tables(engine)
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


def _set_pragmas(connection: DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


async def _create_tables(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        for table in metadata.sorted_tables:
            await connection.execute(CreateTable(table, if_not_exists=True))
            for index in sorted(table.indexes, key=lambda index: str(index.name)):
                await connection.execute(CreateIndex(index, if_not_exists=True))
