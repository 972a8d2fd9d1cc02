"""The database that a configuration names, for one command."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from turnout.catalog import Catalog
from turnout.storage import LazyDatabase

BY_COMMAND: Final = "cli"
"""Who made a change in the audit log, of a command that changes the database itself."""


@asynccontextmanager
async def opened(catalog: Catalog) -> AsyncIterator[LazyDatabase]:
    database = LazyDatabase(Path(catalog.settings.data_dir), os.environ.get("DATABASE_URL"))
    try:
        yield database
    finally:
        await database.close()
