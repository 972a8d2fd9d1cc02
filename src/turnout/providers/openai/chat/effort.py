"""How much to think. This wire has a word for it, and no budget in tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from turnout.core import NO_CHANGES, Change, Reasoning
from turnout.providers.efforts import effort_by_budget

_ORDER: Final = ("none", "minimal", "low", "medium", "high", "xhigh", "max")

Effort = tuple[dict[str, str], tuple[Change, ...]]
"""The field of the body, and what was changed."""


def effort_of(reasoning: Reasoning | None, efforts: Sequence[str] | None) -> Effort:
    """``efforts`` are the words that the model takes, if they are known. For another word, the next higher one is sent.

    A budget becomes the nearest word.
    """
    word = _word(reasoning, efforts)
    if word is None:
        return {}, NO_CHANGES
    if efforts is None or word in efforts:
        return {"reasoning_effort": word}, NO_CHANGES
    if word not in _ORDER:
        return {}, (Change("reasoning_effort"),)
    nearest = next((other for other in efforts if _ORDER.index(other) > _ORDER.index(word)), efforts[-1])
    return {"reasoning_effort": nearest}, (Change("reasoning_effort", nearest),)


def _word(reasoning: Reasoning | None, efforts: Sequence[str] | None) -> str | None:
    """None for a model that isn't known to think, if the client only wants no thinking."""
    if reasoning is None:
        return None
    if not reasoning.enabled:
        return reasoning.effort or (None if efforts is None else "none")
    if reasoning.effort or reasoning.budget is None:
        return reasoning.effort
    return effort_by_budget(reasoning.budget)
