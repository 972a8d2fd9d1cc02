"""How much to think. This wire has a word for it, and no budget in tokens."""

from __future__ import annotations

from collections.abc import Sequence

from turnout.core import NO_CHANGES, Change, Reasoning, Traits
from turnout.providers.efforts import effort_by_budget, taken_effort

Effort = tuple[dict[str, str], tuple[Change, ...]]
"""The field of the body, and what was changed."""


def effort_of(reasoning: Reasoning | None, efforts: Sequence[str] | None) -> Effort:
    """``efforts`` are the words that the model takes, if they are known. For another word, the next higher one is sent.

    A budget becomes the nearest word.
    """
    word = _word(reasoning, efforts)
    if word is None:
        return {}, NO_CHANGES
    taken = word if efforts is None else taken_effort(word, efforts)
    fields = {} if taken is None else {"reasoning_effort": taken}
    return fields, NO_CHANGES if taken == word else (Change("reasoning_effort", taken or ""),)


def effort_instead(reasoning: Reasoning, traits: Traits) -> tuple[str | None, tuple[Change, ...]] | None:
    """The word in place of the client's own, None for no word; all of it is None where the client's own word stays, as
    with a model that nothing is known of.
    """
    if traits.thinking == "never":
        return None, (Change("reasoning_effort"),) if reasoning.enabled else NO_CHANGES
    if traits.efforts is None:
        return None
    fields, changes = effort_of(reasoning, traits.efforts)
    return (fields.get("reasoning_effort"), changes) if changes else None


def _word(reasoning: Reasoning | None, efforts: Sequence[str] | None) -> str | None:
    """None for a model that isn't known to think, if the client only wants no thinking."""
    if reasoning is None:
        return None
    if not reasoning.enabled:
        return reasoning.effort or (None if efforts is None else "none")
    if reasoning.effort or reasoning.budget is None:
        return reasoning.effort
    return effort_by_budget(reasoning.budget)
