"""Forecasts: by weekday where a week is known, by the mean before, and none without a whole day."""

from __future__ import annotations

import pytest

from turnout.ledger.usage.forecast import forecast

from .support import sums

USD = 10**12
TODAY = 20_000  # a Unix day
NOON = TODAY * 24 + 11
MIDNIGHT = (TODAY + 1) * 24


def told(days: dict[int, int], end: int, now: int = NOON) -> tuple[str | None, str | None, str | None]:
    """The forecast, and its bounds, after 5 USD; ``days`` are the costs in USD by how long ago they were."""
    costs = {TODAY - ago: sums(cost=usd * USD) for ago, usd in days.items()}
    answer = forecast(sums(cost=5 * USD), costs, now, end)
    return answer["forecast_usd"], answer["low_usd"], answer["high_usd"]


WEEK = {1: 10, 2: 20, 3: 30, 4: 40, 5: 50, 6: 60, 7: 70}


@pytest.mark.parametrize(
    ("days", "end", "expected"),
    [
        ({}, MIDNIGHT, (None, None, None)),
        ({1: 24}, MIDNIGHT, ("17", "17", "17")),
        ({1: 24, 2: 48}, MIDNIGHT, ("23", "17", "29")),
        ({1: 24, 3: 48}, MIDNIGHT, ("17", "5", "29")),
        (WEEK, MIDNIGHT, ("40", "10", "40")),
        (WEEK, MIDNIGHT + 24, ("100", "20", "110")),
        (WEEK, NOON + 1, ("5", "5", "5")),
    ],
    ids=["nothing", "a day", "two days", "a day between without requests", "today", "tomorrow", "the end"],
)
def test_a_day_costs_what_its_weekday_cost(
    days: dict[int, int], end: int, expected: tuple[str | None, str | None, str | None]
) -> None:
    assert told(days, end) == expected


def test_every_day_that_is_left_counts_by_its_own_weekday() -> None:
    """Seven more days cost what the last seven did."""
    assert told(WEEK, MIDNIGHT + 7 * 24, now=MIDNIGHT - 1)[0] == str(5 + sum(WEEK.values()))
