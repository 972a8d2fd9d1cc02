"""Reads from the ledger what is spent of budgets (``ReadSettled``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from turnout.storage import LazyDatabase, Spender, Spending

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


class SettledSums:
    """Answers for any number of budgets with one query. Raises ``StorageUnavailable``."""

    def __init__(self, database: LazyDatabase) -> None:
        self._database = database

    async def __call__(self, periods: Sequence[BudgetPeriod]) -> Sequence[Settled]:
        sums = await self._database.spent()
        costs, revision = await sums.spent([spending_of(period) for period in periods])
        return [Settled(cost, revision) for cost in costs]


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
