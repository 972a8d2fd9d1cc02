"""Requests that look the same. The ledger keeps no bodies: it goes by the key, the model and the number of tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Select, func, select

from .rated import COST, RATED
from .request_page import Repeated
from .tables import attempts
from .usage.cells import HOUR
from .usage.dimensions import COST_UNIT

LOOKED_AT: Final = 100_000
"""Attempts, the newest ones of the period."""

FEWEST_TOKENS: Final = 500
"""Of fewer tokens, two questions have the same number by chance."""

FEWEST: Final = 10
MOST_GROUPS: Final = 20


def repeated_query(begin: int, end: int, only: Mapping[str, str]) -> Select[Any]:
    newest = (
        select(attempts.c.key_id, attempts.c.model, attempts.c.operation, attempts.c.input, COST)
        .select_from(RATED)
        .where(attempts.c.started >= begin * HOUR, attempts.c.started < end * HOUR)
        .where(attempts.c.outcome == "ok", *[attempts.c[name] == value for name, value in only.items()])
        .order_by(attempts.c.started.desc())
        .limit(LOOKED_AT)
        .subquery()
        .c
    )
    alike = newest.key_id, newest.model, newest.operation, newest.input
    count = func.count()
    cost = func.sum(newest.cost // COST_UNIT), func.sum(newest.cost % COST_UNIT)
    query = select(*alike, count, *cost).where(newest.input >= FEWEST_TOKENS).group_by(*alike)
    return query.having(count >= FEWEST).order_by(cost[0].desc()).limit(MOST_GROUPS)


def repeated_of(row: Any) -> Repeated:
    key_id, model, operation, tokens, count, high, low = row
    return Repeated(key_id, model, operation, tokens, count, int(high or 0) * COST_UNIT + int(low or 0))
