"""Opens the database, and turns what goes wrong with it into ``StorageUnavailable``."""

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

_DRIVERS_CLASS = re.compile(r"^<class '[\w.]+'>: ")
_ARGUMENT = re.compile(r"(invalid input for query argument \$\d+).*")


async def open_database(url: str) -> AsyncEngine:
    """The engine of the database at ``url``, with its tables as this version needs them. Raises ``StorageUnavailable``.

    Several processes may do this at once.
    """
    with telling_of_faults():
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
    """The engine alone, which has not connected yet."""
    return postgres.engine_of(url) if url.startswith(POSTGRES) else sqlite.engine_of(url)


@contextmanager
def telling_of_faults() -> Iterator[None]:
    """Anything that the database, its driver or its disk raises in here becomes ``StorageUnavailable``."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        raise StorageUnavailable(f"The database can't be used: {_said(error)}") from error


def _said(error: Exception) -> str:
    """The driver's own words in one line, without the statement, its parameters, and the row that was refused."""
    words = str(getattr(error, "orig", None) or error).strip().split("\n")[0]
    words = _ARGUMENT.sub(r"\1", _DRIVERS_CLASS.sub("", words))
    return words or type(error).__name__
