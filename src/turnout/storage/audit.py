"""The audit log. An entry is written in the transaction of the change that it tells of, and never changed again."""

from __future__ import annotations

import time

import msgspec
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from .audit_filter import AuditFilter
from .database import storage_errors
from .rows import AuditEntry, AuditRow
from .tables import audit, revisions

_next_number = (
    update(revisions)
    .where(revisions.c.name == "audit")
    .values(number=revisions.c.number + 1)
    .returning(revisions.c.number)
)
_columns = [audit.c[name] for name in AuditRow.__struct_fields__]


class AuditLog:
    """Every call raises ``StorageUnavailable`` when the database fails."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def page(self, wanted: AuditFilter, before: int | None, limit: int) -> list[AuditRow]:
        """The newest ``limit`` changes whose number is less than ``before``, newest first."""
        query = select(*_columns).where(*[audit.c[name] == value for name, value in wanted.only.items()])
        if before is not None:
            query = query.where(audit.c.number < before)
        if wanted.begin is not None:
            query = query.where(audit.c.time >= wanted.begin)
        if wanted.end is not None:
            query = query.where(audit.c.time < wanted.end)
        with storage_errors():
            async with self._engine.connect() as connection:
                rows = await connection.execute(query.order_by(audit.c.number.desc()).limit(limit))
                return [AuditRow(**row) for row in rows.mappings()]

    async def add(self, entry: AuditEntry) -> None:
        """For a change that has no transaction of its own."""
        with storage_errors():
            async with self._engine.begin() as connection:
                await write_entry(connection, entry)


async def write_entry(connection: AsyncConnection, entry: AuditEntry) -> None:
    """In the transaction of the change. Two that write wait for each other: so numbers have no gaps."""
    number = (await connection.execute(_next_number)).scalar_one()
    values = {**msgspec.structs.asdict(entry), "number": number, "time": int(time.time())}
    await connection.execute(insert(audit).values(values))
