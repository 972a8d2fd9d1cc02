"""Reads and writes the table of the price books that were taken."""

from __future__ import annotations

from typing import Final

import msgspec
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from .audit import write_entry
from .database import storage_errors
from .rows import AuditEntry, BookRow, TakenVersion
from .tables import price_books, revisions

_NAME: Final = "price_books"
_number = select(revisions.c.number).where(revisions.c.name == _NAME)
_versions = select(price_books.c.number, price_books.c.version, price_books.c.source, price_books.c.taken)


class PriceBooks:
    """Every call raises ``StorageUnavailable`` when the database fails."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def newest(self) -> int:
        """The number of the book that was taken last, which counts; 0 before the first one."""
        with storage_errors():
            async with self._engine.connect() as connection:
                return int((await connection.execute(_number)).scalar_one())

    async def versions(self) -> list[TakenVersion]:
        """All that were taken, newest first."""
        with storage_errors():
            async with self._engine.connect() as connection:
                rows = await connection.execute(_versions.order_by(price_books.c.number.desc()))
                return [TakenVersion(*row) for row in rows]

    async def content(self, number: int) -> str:
        """The book as JSON."""
        query = select(price_books.c.content).where(price_books.c.number == number)
        with storage_errors():
            async with self._engine.connect() as connection:
                return str((await connection.execute(query)).scalar_one())

    async def take(self, book: BookRow, entry: AuditEntry) -> bool:
        """False when another book has the number: then somebody else has taken one."""
        is_next = (revisions.c.name == _NAME) & (revisions.c.number == book.number - 1)
        with storage_errors():
            async with self._engine.begin() as connection:
                taken = await connection.execute(update(revisions).where(is_next).values(number=book.number))
                if taken.rowcount:
                    await connection.execute(insert(price_books).values(msgspec.structs.asdict(book)))
                    await write_entry(connection, entry)
                return taken.rowcount == 1
