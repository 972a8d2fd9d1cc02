"""Reads from the ledger what is spent of budgets (``ReadSettled``)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from turnout.storage import LazyDatabase, Spender, Spending, first_open_day

from .allowances import Settled
from .gauge_ids import BudgetId, budget_of
from .gauges import Scope
from .periods import BudgetPeriod, times_of

_DAY: Final = 86_400
_SPENDERS: Final[dict[Scope, Spender | None]] = {
    "all": "key_id",
    "key": "key_id",
    "tier": "key_id",
    "user": "user",
    "team": "team",
    "model": None,
}


_MOST_KNOWN: Final = 4096
"""Budgets whose closed days are remembered; then the oldest one goes."""


class Known(NamedTuple):
    """The cost of closed days, and the sums' numbers at that time. It holds while they are the same."""

    cost: int
    numbers: tuple[int, int]


class SettledSums:
    """Answers for any number of budgets with one query, or a second one. Raises ``StorageUnavailable``.

    A process asks a few times a second. So the costs of closed days are remembered, and the last days are added up.
    """

    def __init__(self, database: LazyDatabase, wall: Callable[[], float] = time.time) -> None:
        self._database = database
        self._wall = wall
        self._known: dict[Spending, Known] = {}

    async def __call__(self, periods: Sequence[BudgetPeriod]) -> Sequence[Settled]:
        sums, day = await self._database.spent(), first_open_day(self._wall())
        asked = [spending_of(period) for period in periods]
        opened, closed = [_since(day, each) for each in asked], [_before(day, each) for each in asked]
        known = {part: self._known[part] for part in closed if part in self._known}
        unknown = [part for part in dict.fromkeys(closed) if part is not None and part not in known]
        spent = await sums.spent([*opened, *unknown])
        if any(each.numbers != (spent.revision, spent.closed) for each in known.values()):
            known, unknown = {}, [part for part in dict.fromkeys(closed) if part is not None]
            spent = await sums.spent([*opened, *unknown])
        numbers = spent.revision, spent.closed
        fresh = {part: Known(cost, numbers) for part, cost in zip(unknown, spent.costs[len(asked) :], strict=True)}
        self._remember(fresh)
        costs = known | fresh
        return [
            Settled(cost + (0 if part is None else costs[part].cost), spent.revision)
            for part, cost in zip(closed, spent.costs[: len(asked)], strict=True)
        ]

    def _remember(self, fresh: Mapping[Spending, Known]) -> None:
        self._known |= fresh
        while len(self._known) > _MOST_KNOWN:
            del self._known[next(iter(self._known))]


def _since(day: int, asked: Spending) -> Spending:
    return asked._replace(first=max(asked.first, day))


def _before(day: int, asked: Spending) -> Spending | None:
    end = day if asked.end is None else min(asked.end, day)
    return asked._replace(end=end) if asked.first < end else None


def spending_of(period: BudgetPeriod) -> Spending:
    """Raises ``ValueError`` for what is no budget."""
    budget = budget_of(period.gauge)
    end = times_of(budget.period, period.begin).end
    spender = _SPENDERS[budget.scope]
    return Spending(
        spender,
        _name_of(budget, spender),
        budget.model or (budget.name if budget.scope == "model" else ""),
        period.begin // _DAY,
        None if end is None else end // _DAY,
    )


def _name_of(budget: BudgetId, spender: Spender | None) -> str:
    if spender is None:
        return ""
    return budget.key_id if spender == "key_id" else budget.name
