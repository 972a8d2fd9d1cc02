"""What is spent of budgets, from the sums by day: a budget's periods are whole days, and the present day is kept, too.

One statement answers for any number of budgets, with the revision of the sums, so that both are of one moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final, TypeAlias

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from turnout.storage.database import storage_errors
from turnout.storage.storable import storable

from .dimensions import COST_UNIT, LONGEST
from .numbers import CLOSED_DAYS, REVISION
from .spending import Spender, Spending, Spent

_NO_END: Final = 2**31 - 1
"""A day that never comes."""

_NUMBERS: Final = -1
"""In the place of the number of a budget."""

Kind: TypeAlias = tuple[Spender | None, bool]
"""Whose costs are asked, and whether only those of a model."""

_PARAMETERS: Final = {"number": "integer", "name": "text", "model": "text", "first": "integer", "past": "integer"}
"""Of a budget. ``past`` is the day after its last one."""


_BY_MODEL: Final = ("g.model = asked.model AND g.alias_of = ''", "g.alias_of = asked.model")
"""By its own name, and by an alias."""


_OF_GROUP: Final = "cells.group_id = groups.id AND cells.day >= groups.first AND cells.day < groups.past"
_BY_JOIN: Final = f"usage_days AS cells ON {_OF_GROUP}"
_BY_LATERAL: Final = (
    "LATERAL (SELECT sum(cost_high) AS cost_high, sum(cost_low) AS cost_low "  # noqa: S608
    f"FROM usage_days AS cells WHERE {_OF_GROUP}) AS cells ON true"
)
"""Postgres knows too little of the groups, and would read all cells there are."""


class SpentSums:
    """Every call raises ``StorageUnavailable`` when the database fails."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def spent(self, asked: Sequence[Spending]) -> Spent:
        with storage_errors():
            async with self._engine.connect() as connection:
                rows = await _rows(connection, asked)
        costs, revision, closed = [0] * len(asked), 0, 0
        for number, high, low in rows:
            if number == _NUMBERS:
                revision, closed = int(high), int(low)
            else:
                costs[number] = int(high) * COST_UNIT + int(low)
        return Spent(tuple(costs), revision, closed)


async def _rows(connection: AsyncConnection, asked: Sequence[Spending]) -> Sequence[Any]:
    by_kind: dict[Kind, list[tuple[Any, ...]]] = {}
    for number, each in enumerate(asked):
        end = _NO_END if each.end is None else each.end
        values = (number, _kept(each.name), _kept(each.model), each.first, end)
        by_kind.setdefault((each.spender, bool(each.model)), []).append(values)
    is_postgres = connection.dialect.name == "postgresql"
    statement = _statement(tuple(by_kind), is_postgres)
    parameters: list[Any] = []
    for rows in by_kind.values():
        parameters += map(list, zip(*rows, strict=True)) if is_postgres else [msgspec.json.encode(rows).decode()]
    return (await connection.exec_driver_sql(statement, tuple(parameters))).all()


def _kept(value: str) -> str:
    """As groups have it."""
    return storable(value)[:LONGEST]


@cache
def _statement(kinds: tuple[Kind, ...], is_postgres: bool) -> str:
    """Groups are found first, then the cells of each by its days."""
    numbers = f"SELECT {_NUMBERS}, {_number(REVISION)}, {_number(CLOSED_DAYS)}"  # our own names only
    if not kinds:
        return numbers
    groups = [part for place, kind in enumerate(kinds) for part in _groups_of(kind, place, is_postgres)]
    return (
        f"WITH groups AS MATERIALIZED ({' UNION ALL '.join(groups)}) "  # noqa: S608
        "SELECT groups.number, coalesce(sum(cells.cost_high), 0), coalesce(sum(cells.cost_low), 0) "
        f"FROM groups JOIN {_BY_LATERAL if is_postgres else _BY_JOIN} GROUP BY groups.number UNION ALL {numbers}"
    )


def _number(name: str) -> str:
    return f"coalesce((SELECT number FROM usage_numbers WHERE name = '{name}'), 0)"  # noqa: S608


def _groups_of(kind: Kind, place: int, is_postgres: bool) -> Iterator[str]:
    """A part for each index that finds groups: a condition with OR uses none."""
    spender, of_model = kind
    asked = _asked_by_array(place) if is_postgres else _asked_by_json(place)
    by_spender = "" if spender is None else f' AND g."{spender}" = asked.name'
    for by_model in _BY_MODEL if of_model else ("true",):
        yield (
            f"SELECT asked.number, asked.first, asked.past, g.id FROM ({asked}) AS asked "  # noqa: S608
            f"JOIN usage_groups AS g ON {by_model}{by_spender}"
        )


def _asked_by_array(place: int) -> str:
    first = place * len(_PARAMETERS) + 1
    arrays = ", ".join(f"${number}::{type_}[]" for number, type_ in enumerate(_PARAMETERS.values(), start=first))
    return f"SELECT * FROM unnest({arrays}) AS rows ({', '.join(_PARAMETERS)})"  # noqa: S608


def _asked_by_json(place: int) -> str:
    columns = ", ".join(f"json_extract(value, '$[{number}]') AS {name}" for number, name in enumerate(_PARAMETERS))
    return f"SELECT {columns} FROM json_each(?{place + 1})"  # noqa: S608
