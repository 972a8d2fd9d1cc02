"""Lists requests, newest first, a page at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, FromClause, Select, TextClause, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from turnout.core import EndedAttempt

from .attempt_rows import attempt_of
from .database import storage_errors
from .rated import rated_attempts
from .repeated import repeated_of, repeated_query
from .request_page import Place, Repeated, RequestFilter, RequestPage
from .tables import WITH_SESSION, attempts

LOOKED_AT: Final = 20_000
"""Requests that are looked at for one page: a filter that few requests match must not read the whole table."""

_INDEXED: Final = ("session", "user", "model")
"""Columns with an index by time. Those with the fewest attempts of one value come first."""


class Requests:
    """Every call raises ``StorageUnavailable`` when the database fails."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def page(self, wanted: RequestFilter, after: Place | None, limit: int) -> RequestPage:
        """The newest requests before ``after`` that match. A page may have fewer than ``limit`` before the last one."""
        with storage_errors():
            async with self._engine.connect() as connection:
                places = await _places(connection, page_query(wanted, after).limit(limit + 1))
                if len(places) > limit:
                    following: Place | None = places[limit - 1]
                    places = places[:limit]
                else:
                    last = await _places(connection, _candidates(wanted, after).offset(LOOKED_AT - 1).limit(1))
                    following = last[0] if last else None
                return RequestPage(await _attempts_of(connection, places), following)

    async def repeated(self, begin: int, end: int, only: Mapping[str, str]) -> list[Repeated]:
        """Groups of requests that look the same, dearest first, of the hours from ``begin`` to before ``end``."""
        with storage_errors():
            async with self._engine.connect() as connection:
                return [repeated_of(row) for row in await connection.execute(repeated_query(begin, end, only))]


async def _places(connection: AsyncConnection, query: Select[Any]) -> list[Place]:
    return [Place(*row) for row in await connection.execute(query)]


async def _attempts_of(connection: AsyncConnection, places: list[Place]) -> dict[str, list[EndedAttempt]]:
    by_request: dict[str, list[EndedAttempt]] = {place.request_id: [] for place in places}
    rows = await connection.execute(rated_attempts().where(attempts.c.request_id.in_([*by_request])))
    for row in rows.mappings():
        by_request[row["request_id"]].append(attempt_of(dict(row)))
    return by_request


def page_query(wanted: RequestFilter, after: Place | None) -> Select[Any]:
    """The places of the requests that match."""
    candidates = _candidates(wanted, after).limit(LOOKED_AT).subquery("candidates")
    query = select(candidates.c.started, candidates.c.request_id)
    if wanted.only:
        matching = attempts.alias("matching")
        values = [_has(matching, name, value) for name, value in wanted.only.items()]
        same_request = matching.c.request_id == candidates.c.request_id
        query = query.where(select(matching.c.number).where(same_request, *values).exists())
    return query.order_by(candidates.c.started.desc(), candidates.c.request_id.desc())


def _candidates(wanted: RequestFilter, after: Place | None) -> Select[Any]:
    """The first attempts of requests, by an index: of the period, and of at most one value."""
    conditions: list[ColumnElement[bool] | TextClause] = [attempts.c.number == 1]
    if after is not None:
        conditions.append(tuple_(attempts.c.started, attempts.c.request_id) < tuple_(after.started, after.request_id))
    if wanted.begin is not None:
        conditions.append(attempts.c.started >= wanted.begin)
    if wanted.end is not None:
        conditions.append(attempts.c.started < wanted.end)
    indexed = next((name for name in _INDEXED if name in wanted.only), None)
    if indexed is not None:
        conditions.append(attempts.c[indexed] == wanted.only[indexed])
    if indexed == "session":
        conditions.append(WITH_SESSION)  # the words of the index: else it isn't used
    query = select(attempts.c.started, attempts.c.request_id).where(*conditions)
    return query.order_by(attempts.c.started.desc(), attempts.c.request_id.desc())


def _has(table: FromClause, name: str, value: str) -> ColumnElement[bool]:
    if name == "tag":  # the column holds a JSON array of texts
        return table.c.tags.contains(msgspec.json.encode(value).decode(), autoescape=True)
    return table.c[name] == value
