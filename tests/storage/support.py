"""Attempts to store, and ways to look at what is stored."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Connection, inspect, text

from turnout.core import AttemptEnd, AttemptStart, EndedAttempt
from turnout.storage.attempts import Attempts
from turnout.storage.database import engine_of, open_database


def attempt(request_id: str, number: int = 1, **changes: Any) -> EndedAttempt:
    """``changes`` are fields of the start and of the end."""
    fields: dict[str, Any] = {
        "attempt_id": f"{request_id}-{number}",
        "request_id": request_id,
        "number": number,
        "started": 1_764_000_000_000_000,
        "dialect": "anthropic",
        "key_id": "key_1",
        "user": "alice",
        "model": "fast",
        "deployment": "fast/openai/0",
        "provider": "openai",
        "upstream_model": "gpt-4o-mini",
        "stream": False,
        "outcome": "ok",
        "status": 200,
        "queue": 1,
        "total": 2,
    }
    fields |= changes
    start = {name: fields[name] for name in AttemptStart.__struct_fields__ if name in fields}
    end = {name: fields[name] for name in AttemptEnd.__struct_fields__ if name in fields}
    return EndedAttempt(AttemptStart(**start), AttemptEnd(**end))


@asynccontextmanager
async def opened(address: str) -> AsyncIterator[Attempts]:
    engine = await open_database(address)
    try:
        yield Attempts(engine)
    finally:
        await engine.dispose()


async def run(address: str, *statements: str) -> list[Any]:
    """Runs statements in one transaction. Returns the rows of the last one."""
    engine = engine_of(address)
    rows: list[Any] = []
    async with engine.begin() as connection:
        for statement in statements:
            result = await connection.execute(text(statement))
            rows = [tuple(row) for row in result] if result.returns_rows else []
    await engine.dispose()
    return rows


async def tables(address: str) -> set[str]:
    def names(connection: Connection) -> set[str]:
        return set(inspect(connection).get_table_names())

    engine = engine_of(address)
    async with engine.connect() as connection:
        table_names = await connection.run_sync(names)
    await engine.dispose()
    return table_names
