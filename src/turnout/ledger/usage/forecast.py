"""What a period will have cost at its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .sums import Record, Sums, hour_text, signed_usd

HOURS_A_DAY: Final = 24
WINDOW_DAYS: Final = 7
"""The days that the forecast stands on: one of each weekday."""


def forecast(so_far: Sums, days: Mapping[int, Sums], now: int, end: int) -> Record:
    """``days`` are the Unix days before today that have attempts, of the last seven. Hours and days are Unix ones.

    Each day that is left costs what the same weekday cost last, where there are seven days, else the mean of those that
    there are. ``low`` and ``high`` take the cheapest and the dearest day for every one. Without a whole day to stand
    on, there is no forecast: None. The present hour counts as over.
    """
    today = now // HOURS_A_DAY
    first = min(days, default=today)
    known = {day: days[day].cost if day in days else 0 for day in range(first, today)}
    told: Record = {"now": hour_text(now), "so_far": so_far.record(), "days": len(known)}
    if not known:
        return told | {"forecast_usd": None, "low_usd": None, "high_usd": None}
    mean = sum(known.values()) // len(known)
    left = end - now - 1
    expected = sum(
        known.get(_same_weekday(hour // HOURS_A_DAY, today), mean) if len(known) == WINDOW_DAYS else mean
        for hour in range(now + 1, end)
    )
    return told | {
        "forecast_usd": signed_usd(so_far.cost + expected // HOURS_A_DAY),
        "low_usd": signed_usd(so_far.cost + min(known.values()) * left // HOURS_A_DAY),
        "high_usd": signed_usd(so_far.cost + max(known.values()) * left // HOURS_A_DAY),
    }


def _same_weekday(day: int, today: int) -> int:
    """The last day before today with the weekday of ``day``."""
    return today - 1 - (today - 1 - day) % WINDOW_DAYS
