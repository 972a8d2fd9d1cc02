"""Many attempts into their table with one statement, in each database's own form.

One statement, because its work is done without Python's lock, and in one go.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import chain

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from .rows import AttemptRow
from .tables import attempts
from .words import storable

ROWS_PER_STATEMENT = 512
"""Times the columns, this has to stay below the parameters that SQLite takes in one statement (32,766)."""

_NAMES = ", ".join(f'"{column.name}"' for column in attempts.columns)


async def insert(connection: AsyncConnection, rows: Sequence[AttemptRow]) -> int:
    """Those that are there already stay as they are. How many were new."""
    if connection.dialect.name == "postgresql":
        return await _insert_columns(connection, rows)
    added = 0
    for first in range(0, len(rows), ROWS_PER_STATEMENT):
        few = padded(rows[first : first + ROWS_PER_STATEMENT])
        values = tuple(chain.from_iterable(map(msgspec.structs.astuple, few)))
        added += (await connection.exec_driver_sql(_sqlite(len(few)), values)).rowcount
    return added


def padded(rows: Sequence[AttemptRow]) -> Sequence[AttemptRow]:
    """``rows``, with the last one repeated until their number is one of few, so that few statements are prepared.

    Preparing one costs SQLite more than running it. The repeats cost little and aren't let in. The number's two highest
    bits are kept and the rest rounded up: …, 32, 48, 64, 96, 128, …
    """
    step = 1 << max(len(rows).bit_length() - 2, 0)
    missing = -len(rows) % step
    return [*rows, *[rows[-1]] * missing] if missing else rows


@cache
def _sqlite(rows: int) -> str:
    """The statement for so many rows; the parameters are their fields, one row after the other."""
    row = f"({', '.join('?' * len(attempts.columns))})"
    values = ", ".join([row] * rows)
    return f"INSERT INTO attempts ({_NAMES}) VALUES {values} ON CONFLICT DO NOTHING"  # noqa: S608  # our own names only


async def _insert_columns(connection: AsyncConnection, rows: Sequence[AttemptRow]) -> int:
    """Postgres takes an array for each column: one prepared statement for any number of rows, 34 parameters."""
    if not rows:
        return 0
    columns = tuple(map(_storable, zip(*map(msgspec.structs.astuple, rows), strict=True)))
    return (await connection.exec_driver_sql(_postgres(), columns)).rowcount


def _storable(values: tuple[object, ...]) -> list[object]:
    """What the columns' own type would do, which this statement goes around."""
    return [storable(value) if isinstance(value, str) else value for value in values]


@cache
def _postgres() -> str:
    types = [column.type.compile() for column in attempts.columns]
    arrays = ", ".join(f"${number}::{type_}[]" for number, type_ in enumerate(types, start=1))
    return f"INSERT INTO attempts ({_NAMES}) SELECT * FROM unnest({arrays}) ON CONFLICT DO NOTHING"  # noqa: S608  # our own names only
