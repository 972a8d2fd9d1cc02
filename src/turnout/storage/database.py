"""Opens the database, and turns its errors into ``StorageUnavailable``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from turnout.errors import StorageUnavailable

from . import postgres, sqlite
from .address import POSTGRES
from .upgrade import upgrade

_DRIVER_CLASS = re.compile(r"^<class '[\w.]+'>: ")
_ARGUMENT = re.compile(r"(invalid input for query argument \$\d+).*")


async def open_database(url: str) -> AsyncEngine:
    """The engine of the database at ``url``, with its tables as this version needs them. Raises ``StorageUnavailable``.

    Several processes may do this at once.
    """
    with storage_errors():
        engine = engine_of(url)
        try:
            if engine.dialect.name == "sqlite":
                await sqlite.prepare(engine)
            await upgrade(engine)
        except BaseException:
            await engine.dispose()
            raise
        return engine


def engine_of(url: str) -> AsyncEngine:
    """An engine that has not connected yet."""
    return postgres.engine_of(url) if url.startswith(POSTGRES) else sqlite.engine_of(url)


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turns errors of the database, its driver and its disk into ``StorageUnavailable``."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        raise StorageUnavailable(f"The database can't be used: {_message(error)}") from error


def _message(error: Exception) -> str:
    """The first line of the driver's message, without the statement, its parameters, and the row that was refused."""
    first_line = str(getattr(error, "orig", None) or error).strip().split("\n")[0]
    message = _ARGUMENT.sub(r"\1", _DRIVER_CLASS.sub("", first_line))
    return message or type(error).__name__
