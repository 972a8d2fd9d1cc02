"""Whether a deployment is about to run dry, by what its provider last said of its limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from turnout.core.quota import Allowance, Quota

from .board import Board
from .candidates import Candidate
from .question import Question

_LEAST_SHARE: Final = 0.03
_LONGEST_KNOWN: Final = 60.0  # seconds for which an allowance counts that doesn't say when it is full again
_LONGEST_BELIEVED: Final = 3600.0
"""Seconds for which any allowance counts. Whoever is asked after the others may tell nothing newer."""


def by_allowance(candidates: Sequence[Candidate], question: Question, board: Board) -> Sequence[Candidate]:
    """Those that are about to run dry come after the others."""
    if not board.has_quotas or len(candidates) == 1:
        return candidates
    now = board.now()
    enough: list[Candidate] = []
    short: list[Candidate] = []
    for candidate in candidates:
        figures = board.of(candidate.deployment)
        quota = figures.quota
        reason = None if quota is None else shortage(quota, now - figures.quota_at, question)
        if reason is None:
            enough.append(candidate)
        else:
            short.append(candidate.because(reason))
    return [*enough, *short]


def shortage(quota: Quota, age: float, question: Question) -> str | None:
    """What is short, for the plan's reasons; None when there is enough. ``quota`` was told ``age`` seconds ago."""
    return (
        _short(quota.requests, age, 1, "requests")
        or _short(quota.tokens, age, question.tokens, "tokens")
        or _short(quota.input_tokens, age, question.tokens, "input tokens")
        or _short(quota.output_tokens, age, 1, "output tokens")
    )


def used_up(quota: Quota, age: float) -> float:
    """The share of the scarcest allowance that is used up, from 0 to 1; 0 where no limit is told."""
    allowances = (quota.requests, quota.tokens, quota.input_tokens, quota.output_tokens)
    return max([_used(allowance, age) for allowance in allowances if allowance is not None], default=0.0)


def _used(allowance: Allowance, age: float) -> float:
    if not allowance.limit:
        return 0.0
    return max(1 - _left(allowance, age) / allowance.limit, 0.0)


def _left(allowance: Allowance, age: float) -> float:
    """Limits fill up bit by bit (OpenAI's and Anthropic's are token buckets), and are full at their reset."""
    resets = _LONGEST_KNOWN if allowance.resets is None else allowance.resets
    limit, left = allowance.limit, float(allowance.remaining)
    if limit is None or limit <= left:
        return left
    return left + (limit - left) * min(age / resets, 1.0) if resets > 0 else limit


def _short(allowance: Allowance | None, age: float, needed: int, of: str) -> str | None:
    if allowance is None:
        return None
    resets = _LONGEST_KNOWN if allowance.resets is None else allowance.resets
    if age >= min(resets, _LONGEST_BELIEVED):
        return None
    limit, left = allowance.limit, _left(allowance, age)
    if left >= needed and (limit is None or left >= limit * _LEAST_SHARE):
        return None
    total = "" if limit is None else f" of {limit:,}"
    return f"about to run dry: {left:,.0f}{total} {of} left, full again in {resets - age:.0f} s"
