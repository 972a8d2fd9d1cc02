"""The states of limits and budgets in Postgres, a row for each. It has a connection of its own, as requests wait."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from turnout.errors import StorageUnavailable

from .storable import storable

if TYPE_CHECKING:
    from asyncpg import Connection  # type: ignore[import-untyped]  # it comes without types

_LOCK: Final = """
    INSERT INTO counters (name, state, owners, expires)
    SELECT name, ''::bytea, '', 0 FROM unnest($1::text[]) AS names (name) ORDER BY name
    ON CONFLICT (name) DO UPDATE SET expires = counters.expires
    RETURNING name, state, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now
"""
"""Makes missing rows, and locks all of them until the transaction ends. The order leaves no room for a deadlock."""

_WRITE: Final = """
    UPDATE counters SET state = written.state, owners = written.owners, expires = written.expires
    FROM unnest($1::text[], $2::bytea[], $3::text[], $4::bigint[]) AS written (name, state, owners, expires)
    WHERE counters.name = written.name
"""
_HELD: Final = "SELECT name FROM counters WHERE $1 = ANY (string_to_array(owners, ' ')) ORDER BY name"
_TIDY: Final = """
    DELETE FROM counters WHERE name IN
    (SELECT name FROM counters WHERE expires < $1 ORDER BY expires LIMIT 200 FOR UPDATE SKIP LOCKED)
"""
_TIDY_EVERY: Final = 100  # changes

_SETTINGS: Final = {"synchronous_commit": "off"}
"""After a crash of Postgres its last half second is lost. No request waits for the disk."""


class CounterState(NamedTuple):
    """``state`` is empty in a new one. ``owners`` are names without spaces. ``expires`` is Unix time in µs."""

    state: bytes
    owners: Sequence[str]
    expires: int


Change: TypeAlias = Callable[[Sequence[bytes], int], Sequence[CounterState]]
"""From states, and the database's time in µs, to the new states."""


class Counters:
    """Every call may raise ``StorageUnavailable``. ``url`` is an address of Postgres, as ``database_url`` gives it."""

    def __init__(self, url: str, migrated: Callable[[], Awaitable[object]]) -> None:
        """``migrated`` waits until the tables are there. Raises ``StorageUnavailable``."""
        self._url = url
        self._migrated = migrated
        self._connection: Connection | None = None
        self._turn = asyncio.Lock()
        self._changes = 0

    async def change(self, names: Sequence[str], change: Change) -> None:
        """Hands the states of ``names`` to ``change`` and keeps what it returns, in one transaction.

        A call that is cancelled changes nothing, or all, and its connection is given up.
        """
        names = [storable(name) for name in names]
        async with self._turn:
            with _errors():
                connection = await self._opened()
                try:  # no context of asyncpg's for it: that one would wait for a ROLLBACK of a server that is stopped
                    await connection.execute("BEGIN")
                    now = await self._change_locked(connection, names, change)
                    await connection.execute("COMMIT")
                    self._changes += 1
                    if self._changes % _TIDY_EVERY == 1:
                        await connection.execute(_TIDY, now)
                except BaseException:
                    self._give_up(connection)
                    raise

    async def held_by(self, owner: str) -> list[str]:
        async with self._turn:
            with _errors():
                rows = await (await self._opened()).fetch(_HELD, owner)
        return [row["name"] for row in rows]

    async def close(self) -> None:
        if self._connection is not None:
            self._connection.terminate()

    async def _change_locked(self, connection: Connection, names: Sequence[str], change: Change) -> int:
        rows = {row["name"]: row for row in await connection.fetch(_LOCK, names)}
        now: int = max([row["now"] for row in rows.values()], default=0)
        changed = change([rows[name]["state"] for name in names], now)
        owners = [" ".join(each.owners) for each in changed]
        await connection.execute(
            _WRITE, names, [each.state for each in changed], owners, [each.expires for each in changed]
        )
        return now

    async def _opened(self) -> Connection:
        if self._connection is None or self._connection.is_closed():
            from .postgres import connect

            # whoever waits for it may be cancelled, and others wait for the same
            await asyncio.shield(asyncio.ensure_future(self._migrated()))
            self._connection = await connect(self._url, _SETTINGS)
        return self._connection

    def _give_up(self, connection: Connection) -> None:
        connection.terminate()
        self._connection = None


@contextmanager
def _errors() -> Iterator[None]:
    import asyncpg

    try:
        yield
    except (
        OSError,
        TimeoutError,
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
        asyncpg.InternalClientError,  # a connection that ends while it is in use can raise it
    ) as error:
        raise StorageUnavailable(f"Postgres can't be used: {error or type(error).__name__}") from error
