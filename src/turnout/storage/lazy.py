"""A process's database, opened at its first use."""

from __future__ import annotations

import asyncio
import importlib
from pathlib import Path
from typing import TYPE_CHECKING

from turnout.errors import StorageUnavailable

from .address import POSTGRES, database_url
from .expected_schema import missing_migrations, title_of
from .first_look import look

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from .access import Access
    from .attempts import Attempts
    from .audit import AuditLog
    from .counters import Counters
    from .last_used import LastUsed
    from .models import Models
    from .price_books import PriceBooks
    from .recorded_use import RecordedUse
    from .requests import Requests
    from .rerating import Rerating
    from .turns import Turns
    from .usage.questions import Questions
    from .usage.remaking import Remaking
    from .usage.retention import Retention
    from .usage.spent import SpentSums


class LazyDatabase:
    """The service starts and runs without a database, too: the first call that needs it opens it.

    Every call may raise ``StorageUnavailable``; the next one tries again.
    """

    def __init__(self, data_dir: Path, configured_url: str | None = None) -> None:
        """``configured_url`` is ``DATABASE_URL``. Raises ``ConfigError``."""
        self._url = database_url(data_dir, configured_url)
        self._engine: AsyncEngine | None = None
        self._opening = asyncio.Lock()

    @property
    def is_shared(self) -> bool:
        """Whether other hosts may use it, too."""
        return self._url.startswith(POSTGRES)

    async def attempts(self) -> Attempts:
        engine = await self._ready()
        from .attempts import Attempts  # a thread has imported SQLAlchemy by now, so this is quick

        return Attempts(engine)

    def counters(self) -> Counters | None:
        """The states of limits and budgets. None where the database isn't Postgres: SQLite isn't shared by hosts."""
        if self._url.startswith("postgresql"):
            from .counters import Counters

            return Counters(self._url, self._ready)
        return None

    async def models(self) -> Models:
        engine = await self._ready()
        from .models import Models

        return Models(engine)

    async def access(self) -> Access:
        engine = await self._ready()
        from .access import Access

        return Access(engine)

    async def audit(self) -> AuditLog:
        engine = await self._ready()
        from .audit import AuditLog

        return AuditLog(engine)

    async def last_used(self) -> LastUsed:
        engine = await self._ready()
        from .last_used import LastUsed

        return LastUsed(engine)

    async def price_books(self) -> PriceBooks:
        engine = await self._ready()
        from .price_books import PriceBooks

        return PriceBooks(engine)

    async def turns(self) -> Turns:
        engine = await self._ready()
        from .turns import Turns

        return Turns(engine)

    async def usage(self) -> Questions:
        engine = await self._ready()
        from .usage.questions import Questions

        return Questions(engine)

    async def recorded_use(self) -> RecordedUse:
        engine = await self._ready()
        from .recorded_use import RecordedUse

        return RecordedUse(engine)

    async def rerating(self) -> Rerating:
        engine = await self._ready()
        from .rerating import Rerating

        return Rerating(engine)

    async def remaking(self) -> Remaking:
        engine = await self._ready()
        from .usage.remaking import Remaking

        return Remaking(engine)

    async def retention(self) -> Retention:
        engine = await self._ready()
        from .usage.retention import Retention

        return Retention(engine)

    async def spent(self) -> SpentSums:
        engine = await self._ready()
        from .usage.spent import SpentSums

        return SpentSums(engine)

    async def requests(self) -> Requests:
        engine = await self._ready()
        from .requests import Requests

        return Requests(engine)

    async def refuse_unusable(self) -> None:
        """Raises ``StorageUnavailable`` for a database that a newer version has changed, or that is half migrated.

        One that can't be reached isn't refused: the service runs without it, and tells why when it opens it. It takes
        a millisecond in SQLite.
        """
        try:
            found = await look(self._url)
        except StorageUnavailable:
            return
        missing_migrations(found)

    async def missing_migrations(self) -> list[tuple[str, str]]:
        """Number and title of the migrations that the next opening makes. Raises ``StorageUnavailable``."""
        return [(number, title_of(number)) for number in missing_migrations(await look(self._url))]

    async def migrate(self) -> None:
        """Opens the database, and so makes what is missing. Raises ``StorageUnavailable``."""
        await self._ready()

    async def _ready(self) -> AsyncEngine:
        if self._engine is None:
            async with self._opening:
                if self._engine is None:
                    database = await asyncio.to_thread(importlib.import_module, "turnout.storage.database")
                    self._engine = await database.open_database(self._url)
        engine: AsyncEngine = self._engine
        return engine

    async def close(self) -> None:
        if self._engine is not None:
            await self._engine.dispose()
