"""Tells when a budget is half spent, nearly spent, and spent."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final, TypeAlias

from turnout.core import usd

from .gauges import Gauge

SHARES: Final = (50, 80, 100)
"""Per cent of a budget."""

Alert: TypeAlias = Callable[[Gauge, int, int], None]
"""Takes the budget, the share in per cent that it has reached, and what is spent in picodollars."""

_log = logging.getLogger(__name__)


def log_alert(gauge: Gauge, share: int, spent: int) -> None:
    _log.warning("A budget is spent to %d %%: %s USD of %s.", share, usd(spent), gauge.says)


def reached(gauge: Gauge, before: int, after: int) -> int | None:
    """The highest share that what is spent has reached since ``before``. None: it reached none."""
    crossed = [share for share in SHARES if before * 100 < gauge.most * share <= after * 100]
    return crossed[-1] if crossed else None
