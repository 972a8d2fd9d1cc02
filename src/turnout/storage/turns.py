"""Reads and writes the table of conversations, whose every turn points to the one before it."""

from __future__ import annotations

import msgspec
from sqlalchemy import CTE, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from .database import telling_of_faults
from .rows import TurnRow
from .tables import turns

_DAY = 86_400


class Turns:
    """Every call raises ``StorageUnavailable`` when the database fails. What another key made isn't there."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def add(self, row: TurnRow) -> None:
        """Replaces the same key's turn of that id. The turns before it are kept as long, give or take a day."""
        same = (turns.c.id == row.id) & (turns.c.key_id == row.key_id)
        with telling_of_faults():
            async with self._engine.begin() as connection:
                await connection.execute(delete(turns).where(same))
                await connection.execute(insert(turns).values(msgspec.structs.asdict(row)))
                if row.previous is not None:
                    before = select(_chain(row.previous, row.key_id).c.id)
                    due = turns.c.id.in_(before) & (turns.c.expires < row.expires - _DAY)
                    await connection.execute(update(turns).where(due).values(expires=row.expires))

    async def until(self, id_: str, key_id: str, now: int) -> list[TurnRow]:
        """A conversation up to that turn, oldest first; empty if any of it isn't there."""
        chain = _chain(id_, key_id)
        question = select(turns).where(turns.c.id.in_(select(chain.c.id)) & (turns.c.expires > now))
        with telling_of_faults():
            async with self._engine.connect() as connection:
                found = {row.id: row for row in [TurnRow(*told) for told in await connection.execute(question)]}
        found_all: list[TurnRow] = []
        following: str | None = id_
        while following is not None and following in found:
            found_all.append(found.pop(following))
            following = found_all[-1].previous
        return found_all[::-1] if following is None else []

    async def remove(self, id_: str, key_id: str) -> bool:
        """False when there is none of that id. What continued it can't be continued any more."""
        with telling_of_faults():
            async with self._engine.begin() as connection:
                same = (turns.c.id == id_) & (turns.c.key_id == key_id)
                return (await connection.execute(delete(turns).where(same))).rowcount == 1

    async def sweep(self, now: int) -> int:
        """Removes what has expired; how many."""
        with telling_of_faults():
            async with self._engine.begin() as connection:
                return (await connection.execute(delete(turns).where(turns.c.expires <= now))).rowcount


def _chain(id_: str, key_id: str) -> CTE:
    """The ids of a turn and of those before it. UNION, not UNION ALL: a circle comes to an end."""
    mine = select(turns.c.id, turns.c.previous).where(turns.c.key_id == key_id)
    chain = mine.where(turns.c.id == id_).cte("chain", recursive=True)
    return chain.union(mine.where(turns.c.id == chain.c.previous))
