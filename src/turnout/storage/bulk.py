"""Inserts many attempts with one statement, which each database has in its own form.

The work of one statement is done in one go and without Python's global lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import chain
from operator import itemgetter
from typing import Any

from sqlalchemy import Row as AnyRow
from sqlalchemy.ext.asyncio import AsyncConnection

from turnout.core import EndedAttempt

from .attempt_rows import COLUMNS, row_of
from .storable import storable
from .tables import attempts

ROWS_PER_STATEMENT = 384
"""This number times the number of columns stays below SQLite's limit of 32,766 parameters for a statement."""

_NAMES = ", ".join(f'"{name}"' for name in COLUMNS)

_NEW = "ON CONFLICT DO NOTHING RETURNING request_id, attempt_id"

Row = tuple[Any, ...]
"""The values of ``COLUMNS``."""

_key = itemgetter(COLUMNS.index("request_id"), COLUMNS.index("attempt_id"))


async def insert(connection: AsyncConnection, new_attempts: Sequence[EndedAttempt]) -> list[Row]:
    """Attempts that are in the table already stay as they are. Returns the rows of those that were new."""
    rows = [row_of(attempt) for attempt in new_attempts]
    if connection.dialect.name == "postgresql":
        added = await _insert_columns(connection, rows)
    else:
        added = []
        for first in range(0, len(rows), ROWS_PER_STATEMENT):
            batch = padded(rows[first : first + ROWS_PER_STATEMENT])
            parameters = tuple(chain.from_iterable(batch))
            added += (await connection.exec_driver_sql(_sqlite_statement(len(batch)), parameters)).all()
    return _new(rows, added)


def _new(rows: list[Row], added: Sequence[AnyRow[Any]]) -> list[Row]:
    """The rows whose keys were ``added``. Of several rows with one key, the first was added."""
    if len(added) == len(rows):
        return rows
    by_key = {tuple(map(storable, _key(row))): row for row in reversed(rows)}
    return [by_key[tuple(map(storable, key))] for key in added]


def padded(rows: Sequence[Row]) -> Sequence[Row]:
    """``rows``, and the last row repeated until their number is a round one: …, 32, 48, 64, 96, 128, …

    There are few round numbers, so few statements are prepared: preparing one costs SQLite more than running it. The
    repeats cost little, and the table's key turns them away. Only a round number's two highest bits are set.
    """
    step = 1 << max(len(rows).bit_length() - 2, 0)
    missing = -len(rows) % step
    return [*rows, *[rows[-1]] * missing] if missing else rows


@cache
def _sqlite_statement(rows: int) -> str:
    """The statement for that many rows. Its parameters are the values of one row after the other."""
    row = f"({', '.join('?' * len(COLUMNS))})"
    values = ", ".join([row] * rows)
    return f"INSERT INTO attempts ({_NAMES}) VALUES {values} {_NEW}"  # noqa: S608  # our own names only


async def _insert_columns(connection: AsyncConnection, rows: Sequence[Row]) -> Sequence[AnyRow[Any]]:
    """Postgres takes an array for each column, so one prepared statement serves any number of rows."""
    if not rows:
        return []
    arrays = tuple(map(_storable, zip(*rows, strict=True)))
    return (await connection.exec_driver_sql(_postgres_statement(), arrays)).all()


def _storable(values: Row) -> list[object]:
    """Does for an array what the type ``StorableText`` does for a single parameter."""
    return [storable(value) if isinstance(value, str) else value for value in values]


@cache
def _postgres_statement() -> str:
    types = [column.type.compile() for column in attempts.columns]
    arrays = ", ".join(f"${number}::{type_}[]" for number, type_ in enumerate(types, start=1))
    return f"INSERT INTO attempts ({_NAMES}) SELECT * FROM unnest({arrays}) {_NEW}"  # noqa: S608  # our own names only
