"""The errors that say which limit or budget refused a request, and when there is room."""

from __future__ import annotations

from typing import Final

from turnout.core.money import usd
from turnout.errors import BudgetSpent, LimitReached

from .leases import BudgetHold, LimitLease

_RESERVATIONS_END: Final = 1.0
"""Seconds after which another try may help, where only requests under way are in the way."""


def limit_reached(lease: LimitLease, needed: int, wait: float | None) -> LimitReached:
    """``wait`` in seconds; None: there is never room for as much."""
    gauge = lease.gauge
    return LimitReached(
        gauge.id, gauge.says, most=gauge.most, used=lease.taken, needed=needed, unit=gauge.unit, retry_after=wait
    )


def budget_spent(hold: BudgetHold, needed: int, wall: float) -> BudgetSpent:
    """``wall`` is the Unix time now."""
    gauge, settled = hold.gauge, hold.settled or 0
    reserved = max(hold.taken - settled, 0)
    if settled + needed <= gauge.most:
        retry_after: float | None = _RESERVATIONS_END
    else:
        retry_after = None if hold.resets is None else max(hold.resets - wall, 1.0)
    return BudgetSpent(
        gauge.id,
        gauge.says,
        amounts=(usd(settled), usd(reserved), usd(needed)),
        most=gauge.most,
        used=settled,
        reserved=reserved,
        needed=needed,
        resets=hold.resets,
        retry_after=retry_after,
    )
