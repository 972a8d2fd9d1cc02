"""A budget tells once that it is half spent, nearly spent, and spent."""

from __future__ import annotations

import pytest

from turnout.guard.alerts import reached
from turnout.guard.gauges import Gauge

TEN = Gauge("budget/key/k/daily", "usd", 1000, period="daily", says="1000 a day")


@pytest.mark.parametrize(
    ("before", "after", "share"),
    [
        (0, 499, None),
        (0, 500, 50),
        (499, 500, 50),
        (500, 501, None),
        (500, 799, None),
        (799, 800, 80),
        (0, 800, 80),
        (0, 2000, 100),
        (999, 1000, 100),
        (1000, 2000, None),
    ],
)
def test_a_share_is_told_when_it_is_reached(before: int, after: int, share: int | None) -> None:
    assert reached(TEN, before, after) == share
