"""Reads and writes the table of models that were made through the API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from .audit import write_entry
from .database import storage_errors
from .rows import AuditEntry, ModelRow
from .sqlite import empty_log, overwriting
from .tables import models, revisions

_NAME = "models"


class Models:
    """Every call raises ``StorageUnavailable`` when the database fails. A change comes with its audit ``entry``."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def revision(self) -> int:
        """A number that is another one after every change, by any process or host."""
        with storage_errors():
            async with self._engine.connect() as connection:
                return await _revision(connection)

    async def all(self) -> tuple[int, list[ModelRow]]:
        """The revision, and the models sorted by creation time and id. They may be newer than the revision."""
        query = select(models).order_by(models.c.created, models.c.id)
        with storage_errors():
            async with self._engine.connect() as connection:
                revision = await _revision(connection)
                return revision, [ModelRow(*row) for row in await connection.execute(query)]

    async def add(self, row: ModelRow, entry: AuditEntry) -> bool:
        """False when there is a model of that id."""
        values = {"id": row.id, "definition": row.definition, "created": row.created, "updated": row.updated}
        with storage_errors():
            try:
                async with self._changing() as connection:
                    await connection.execute(insert(models).values(values))
                    await write_entry(connection, entry)
            except IntegrityError:
                return False
        return True

    async def replace(self, before: ModelRow, after: ModelRow, entry: AuditEntry) -> bool:
        """False when no model is like ``before``: then somebody else has changed it."""
        is_unchanged = (models.c.id == before.id) & (models.c.definition == before.definition)
        values = {"definition": after.definition, "updated": after.updated}
        with storage_errors():
            async with self._changing() as connection:
                changed = await connection.execute(update(models).where(is_unchanged).values(values))
                if changed.rowcount == 1:
                    await write_entry(connection, entry)
                return changed.rowcount == 1

    async def replace_secrets(self, changes: Sequence[tuple[ModelRow, ModelRow]], who: str) -> int:
        """Replaces each model that is like the first row of its pair by the second, in one transaction.

        Returns how many were. Each has an audit entry that names ``who`` did it, and nothing of the secret. What stood
        there before can't be read from the files of SQLite afterwards.
        """
        replaced = 0
        with storage_errors():
            async with self._changing() as connection, overwriting(connection):
                for before, after in changes:
                    is_unchanged = (models.c.id == before.id) & (models.c.definition == before.definition)
                    values = {"definition": after.definition}
                    changed = await connection.execute(update(models).where(is_unchanged).values(values))
                    if changed.rowcount == 1:
                        replaced += 1
                        entry = AuditEntry(who=who, action="encrypt", kind="model", subject=before.id)
                        await write_entry(connection, entry)
            await empty_log(self._engine)
        return replaced

    async def remove(self, id_: str, entry: AuditEntry) -> bool:
        """False when there is no model of that id."""
        with storage_errors():
            async with self._changing() as connection:
                removed = await connection.execute(delete(models).where(models.c.id == id_))
                if removed.rowcount == 1:
                    await write_entry(connection, entry)
                return removed.rowcount == 1

    @asynccontextmanager
    async def _changing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction with a new revision. It writes the revision's row first, so two changes never overlap."""
        async with self._engine.begin() as connection:
            await connection.execute(_next_revision)
            yield connection


_next_revision = update(revisions).where(revisions.c.name == _NAME).values(number=revisions.c.number + 1)


async def _revision(connection: AsyncConnection) -> int:
    rows = await connection.execute(select(revisions.c.number).where(revisions.c.name == _NAME))
    return int(rows.scalar_one())
