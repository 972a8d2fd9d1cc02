"""Reads and writes the tables of keys, users and teams that were made through the API.

Every change has a number of its own, which its row keeps. So a process that knows all rows up to a number asks for the
rows above it. A deleted row stays, empty: so others learn of it, too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from msgspec import structs
from sqlalchemy import Table, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from .audit import write_entry
from .database import storage_errors
from .rows import AccessKind, AuditEntry, KeyRow, RecordRow
from .tables import keys, revisions, teams, users

_TABLES: Final[dict[AccessKind, tuple[Table, type[RecordRow]]]] = {
    "keys": (keys, KeyRow),
    "users": (users, RecordRow),
    "teams": (teams, RecordRow),
}
_revision = select(revisions.c.number).where(revisions.c.name == "access")
_next_revision = (
    update(revisions)
    .where(revisions.c.name == "access")
    .values(number=revisions.c.number + 1)
    .returning(revisions.c.number)
)


class Access:
    """Every call raises ``StorageUnavailable`` when the database fails. A change comes with its audit ``entry``."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def revision(self) -> int:
        """The number of the last change, by any process or host."""
        with storage_errors():
            async with self._engine.connect() as connection:
                return int((await connection.execute(_revision)).scalar_one())

    async def changed(self, kind: AccessKind, after: int, limit: int) -> Sequence[RecordRow]:
        """The rows whose last change has a number above ``after``, the oldest change first; deleted ones, too.

        Those of ``keys`` are ``KeyRow``.
        """
        table, form = _TABLES[kind]
        columns = [table.c[name] for name in form.__struct_fields__]
        query = select(*columns).where(table.c.revision > after).order_by(table.c.revision).limit(limit)
        with storage_errors():
            async with self._engine.connect() as connection:
                return [form(*row) for row in await connection.execute(query)]

    async def add(self, kind: AccessKind, row: RecordRow, entry: AuditEntry) -> bool:
        """False when there is one of that id, name, digest or prefix. The id of a deleted one may come again.

        The row's own ``revision`` is not read.
        """
        table, _ = _TABLES[kind]
        with storage_errors():
            try:
                async with self._changing() as (connection, number):
                    values = {**structs.asdict(row), "revision": number}
                    deleted = update(table).where(table.c.id == row.id, table.c.definition == "").values(values)
                    if (await connection.execute(deleted)).rowcount == 0:
                        await connection.execute(insert(table).values(values))
                    await write_entry(connection, entry)
            except IntegrityError:
                return False
        return True

    async def replace(self, kind: AccessKind, row: RecordRow, entry: AuditEntry) -> bool:
        """False when the row was changed after ``row.revision``, and when another one has its name.

        A row without a definition is deleted.
        """
        table, _ = _TABLES[kind]
        is_unchanged = (table.c.id == row.id) & (table.c.revision == row.revision)
        with storage_errors():
            try:
                async with self._changing() as (connection, number):
                    values = {**structs.asdict(row), "revision": number}
                    changed = await connection.execute(update(table).where(is_unchanged).values(values))
                    if changed.rowcount == 1:
                        await write_entry(connection, entry)
                    return changed.rowcount == 1
            except IntegrityError:
                return False

    @asynccontextmanager
    async def _changing(self) -> AsyncIterator[tuple[AsyncConnection, int]]:
        """A transaction with the number of its change. It takes the number first, so two changes never overlap: who
        has seen a number has seen all smaller ones."""
        async with self._engine.begin() as connection:
            yield connection, int((await connection.execute(_next_revision)).scalar_one())
