"""Reads and writes the table of conversations. Every turn of a conversation names the turn before it."""

from __future__ import annotations

import msgspec
from sqlalchemy import CTE, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from .database import storage_errors
from .rows import TurnRow
from .tables import turns

_DAY = 86_400


class Turns:
    """Every call raises ``StorageUnavailable`` when the database fails. A key sees its own turns only."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def add(self, row: TurnRow) -> None:
        """Replaces a turn of the same id and key. The turns before it are kept as long, give or take a day."""
        same_turn = (turns.c.id == row.id) & (turns.c.key_id == row.key_id)
        with storage_errors():
            async with self._engine.begin() as connection:
                await connection.execute(delete(turns).where(same_turn))
                await connection.execute(insert(turns).values(msgspec.structs.asdict(row)))
                if row.previous is not None:
                    turns_before = select(_chain(row.previous, row.key_id).c.id)
                    expires_early = turns.c.id.in_(turns_before) & (turns.c.expires < row.expires - _DAY)
                    await connection.execute(update(turns).where(expires_early).values(expires=row.expires))

    async def until(self, id_: str, key_id: str, now: int) -> list[TurnRow]:
        """A conversation up to that turn, oldest first. It is empty if any of its turns is missing."""
        chain = _chain(id_, key_id)
        query = select(turns).where(turns.c.id.in_(select(chain.c.id)) & (turns.c.expires > now))
        with storage_errors():
            async with self._engine.connect() as connection:
                rows = {values.id: TurnRow(*values) for values in await connection.execute(query)}
        newest_first: list[TurnRow] = []
        next_id: str | None = id_
        while next_id is not None and next_id in rows:
            newest_first.append(rows.pop(next_id))
            next_id = newest_first[-1].previous
        return newest_first[::-1] if next_id is None else []

    async def remove(self, id_: str, key_id: str) -> bool:
        """False when there is no turn of that id. Later turns of its conversation can't be continued any more."""
        with storage_errors():
            async with self._engine.begin() as connection:
                own_turn = (turns.c.id == id_) & (turns.c.key_id == key_id)
                return (await connection.execute(delete(turns).where(own_turn))).rowcount == 1

    async def sweep(self, now: int) -> int:
        """Removes the turns that have expired. Returns how many."""
        with storage_errors():
            async with self._engine.begin() as connection:
                return (await connection.execute(delete(turns).where(turns.c.expires <= now))).rowcount


def _chain(id_: str, key_id: str) -> CTE:
    """The ids of a turn and of all turns before it. UNION, not UNION ALL, so that a circle of turns ends."""
    own_turns = select(turns.c.id, turns.c.previous).where(turns.c.key_id == key_id)
    chain = own_turns.where(turns.c.id == id_).cte("chain", recursive=True)
    return chain.union(own_turns.where(turns.c.id == chain.c.previous))
