"""Attempts with what they cost now: their newest rating, else the one that they were settled with.

Attempts are inserted once and never changed. The columns ``cost`` and ``price_version`` are an attempt's first rating,
the table ``ratings`` has those that came later.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, Label, Select, and_, func, select

from .tables import attempts, ratings

NEWEST: Final = ratings.alias("newest")
"""The newest of an attempt's later ratings, in ``RATED``. NULL where there are none."""

_number = (
    select(func.max(ratings.c.number))
    .where(ratings.c.request_id == attempts.c.request_id, ratings.c.attempt_id == attempts.c.attempt_id)
    .scalar_subquery()
)
RATED: Final = attempts.outerjoin(
    NEWEST,
    and_(
        NEWEST.c.request_id == attempts.c.request_id,
        NEWEST.c.attempt_id == attempts.c.attempt_id,
        NEWEST.c.number == _number,
    ),
)


def _newest(name: str) -> Label[Any]:
    return func.coalesce(NEWEST.c[name], attempts.c[name]).label(name)


COST: Final = _newest("cost")
_AS_RATED: Final = {"cost": COST, "price_version": _newest("price_version")}


def rated_attempts(*more: ColumnElement[Any]) -> Select[Any]:
    """All columns of ``attempts`` in their order, with the newest rating, and ``more``."""
    columns = [_AS_RATED.get(column.name, column) for column in attempts.columns]
    return select(*columns, *more).select_from(RATED)
