"""Budgets are of calendar days and months in UTC."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from turnout.core import Period
from turnout.guard.periods import BudgetPeriod, period_of, times_of


def unix(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("period", "now", "begin", "end"),
    [
        ("daily", "2026-11-30T23:59:59", "2026-11-30", "2026-12-01"),
        ("daily", "2026-12-01", "2026-12-01", "2026-12-02"),
        ("monthly", "2026-11-30T23:59:59", "2026-11-01", "2026-12-01"),
        ("monthly", "2026-12-31T12:00", "2026-12-01", "2027-01-01"),
        ("monthly", "2028-02-29T12:00", "2028-02-01", "2028-03-01"),
    ],
)
def test_a_period_begins_and_ends_at_midnight(period: Period, now: str, begin: str, end: str) -> None:
    assert times_of(period, unix(now)) == (unix(begin), unix(end))


def test_all_time_never_ends() -> None:
    assert times_of("total", unix("2026-11-30")) == (0, None)


def test_a_name_can_be_read_again() -> None:
    period = BudgetPeriod("budget/user/a@b.example/daily", 1_796_083_200)
    assert period_of(period.name) == period
