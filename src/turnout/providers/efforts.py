"""Words for how much to think, where a client says it in tokens."""

from __future__ import annotations

from typing import Final

_BY_BUDGET: Final = ((2048, "low"), (8192, "medium"))


def effort_by_budget(budget: int) -> str:
    """The word that is nearest to a budget in tokens."""
    return next((effort for most, effort in _BY_BUDGET if budget <= most), "high")
