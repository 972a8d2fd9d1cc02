"""Words for how much to think."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_ORDER: Final = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_BY_BUDGET: Final = ((2048, "low"), (8192, "medium"))


def effort_by_budget(budget: int) -> str:
    """The word that is nearest to a budget in tokens."""
    return next((effort for most, effort in _BY_BUDGET if budget <= most), "high")


def taken_effort(word: str, efforts: Sequence[str]) -> str | None:
    """``word`` if it is one of ``efforts``, else the next higher one of them, else the highest. None for a word that
    nobody knows, and where there are no efforts. ``efforts`` have the least first.
    """
    if word in efforts:
        return word
    if word not in _ORDER or not efforts:
        return None
    return next((other for other in efforts if _ORDER.index(other) > _ORDER.index(word)), efforts[-1])
