"""Measures by name."""

from __future__ import annotations

from turnout.ledger.usage.sums import Sums
from turnout.storage import COST_UNIT, MEASURES, OUTCOMES, UsageRow


def measures(*, cost: int = 0, **named: int) -> tuple[int, ...]:
    """``cost`` is in picodollars. Unless told, the attempts are those that the outcomes are of."""
    halves = {"cost_high": cost // COST_UNIT, "cost_low": cost % COST_UNIT}
    told = {"attempts": sum(named.get(outcome, 0) for outcome in OUTCOMES)} | named | halves
    return tuple(told.get(name, 0) for name in MEASURES)


def sums(*, cost: int = 0, **named: int) -> Sums:
    return Sums(measures(cost=cost, **named))


def row(*values: str, cost: int = 0, **named: int) -> UsageRow:
    return UsageRow(values, None, measures(cost=cost, **named))
