"""Gives Alembic its connection: that of ``run.migrate``, or on the command line the one of ``DATABASE_URL``."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection

from turnout.storage.address import database_url
from turnout.storage.database import engine_of
from turnout.storage.tables import metadata
from turnout.storage.texts import StorableText


def _plain_type(kind: str, value: Any, _context: object) -> str | Literal[False]:
    """Writes ``sa.Text`` for ``StorableText``: a migration must not depend on code that may change."""
    return "sa.Text" if kind == "type" and isinstance(value, StorableText) else False


def _run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata, render_item=_plain_type)
    with context.begin_transaction():
        context.run_migrations()


async def _run_from_the_command_line() -> None:
    folder = Path(os.environ.get("TURNOUT_DATA_DIR") or "data")
    engine = engine_of(database_url(folder, os.environ.get("DATABASE_URL")))
    async with engine.begin() as connection:
        await connection.run_sync(_run)
    await engine.dispose()


_connection = context.config.attributes.get("connection")
if _connection is None:
    asyncio.run(_run_from_the_command_line())
else:
    _run(_connection)
