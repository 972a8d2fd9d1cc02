"""The calendar days and months of budgets, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from turnout.core import Period

_DAY = 86_400


class BudgetPeriod(NamedTuple):
    """One period of a budget: the gauge's id, and its beginning as a Unix time (0 for ``total``)."""

    gauge: str
    begin: int

    @property
    def name(self) -> str:
        """``budget/team/blue/monthly@1796083200``, as the store knows it."""
        return f"{self.gauge}@{self.begin}"


def period_of(name: str) -> BudgetPeriod:
    """The other way round."""
    gauge, _, begin = name.rpartition("@")
    return BudgetPeriod(gauge, int(begin))


class Times(NamedTuple):
    """From ``begin`` (Unix time) to ``end``; None: it never ends."""

    begin: int
    end: int | None


def times_of(period: Period, now: float) -> Times:
    """The period that ``now`` (Unix time) is in."""
    if period == "total":
        return Times(0, None)
    if period == "daily":
        begin = int(now) // _DAY * _DAY
        return Times(begin, begin + _DAY)
    day = datetime.fromtimestamp(now, UTC)
    first = datetime(day.year, day.month, 1, tzinfo=UTC)
    following = datetime(day.year + day.month // 12, day.month % 12 + 1, 1, tzinfo=UTC)
    return Times(int(first.timestamp()), int(following.timestamp()))
