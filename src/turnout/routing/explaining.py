"""A plan and the deployments in it, for people and programs that look: reasons, scores, health and figures."""

from __future__ import annotations

import msgspec

from turnout.core import Deployment

from .allowances import used_up
from .board import Board, Mark
from .candidates import Plan
from .figures import Figures
from .health import State


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The breaker of one process. ``by_hand`` is an admin's mark, which counts more than the breaker's ``state``.

    Times are Unix times in seconds. All but ``state`` are None while it is closed; ``tried_again`` is the end of the
    pause of an open one.
    """

    state: State = "closed"
    reason: str | None = None
    since: float | None = None
    tried_again: float | None = None
    by_hand: Mark | None = None


class LiveFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Of one process. None: nothing is known. ``first_token`` and ``per_token`` are seconds, the peaks of late.

    ``output`` is the mean number of tokens of an answer. ``answered`` is the share of attempts that answered well,
    ``cached`` that of the input read from a cache, ``limits_used`` that of its provider's scarcest limit: from 0 to 1.
    """

    in_flight: int = 0
    queued: int = 0
    first_token: float | None = None
    per_token: float | None = None
    output: float | None = None
    answered: float | None = None
    cached: float | None = None
    limits_used: float | None = None


class ExplainedCandidate(msgspec.Struct, frozen=True, kw_only=True):
    """``reason`` says why it stands at this place, ``scores`` from what its policy computed that."""

    deployment: str
    provider: str
    model: str
    reason: str
    scores: dict[str, float]
    health: Health
    figures: LiveFigures


class ExplainedDrop(msgspec.Struct, frozen=True, kw_only=True):
    """A deployment that would not be asked."""

    deployment: str
    reason: str


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """``candidates`` in the order in which they would be asked."""

    model: str
    policy: str
    candidates: tuple[ExplainedCandidate, ...]
    dropped: tuple[ExplainedDrop, ...]


def explained(plan: Plan, policy: str, board: Board, clock: float) -> Explanation:
    """``clock`` is the Unix time now, in seconds."""
    return Explanation(
        model=plan.model,
        policy=policy,
        candidates=tuple(
            ExplainedCandidate(
                deployment=candidate.deployment.id,
                provider=candidate.deployment.provider,
                model=candidate.deployment.model,
                reason=candidate.reason,
                scores={name: _short(score) for name, score in candidate.scores.items()},
                health=health_of(candidate.deployment, board, clock),
                figures=figures_of(candidate.deployment, board),
            )
            for candidate in plan.candidates
        ),
        dropped=tuple(ExplainedDrop(deployment=each.deployment.id, reason=each.reason) for each in plan.dropped),
    )


def health_of(deployment: Deployment, board: Board, clock: float) -> Health:
    """``clock`` is the Unix time now, in seconds."""
    by_hand = board.marks.get(deployment.id)
    figures, now = board.known(deployment), board.now()
    breaker = None if figures is None else figures.breaker
    state: State = "closed" if breaker is None else breaker.state_at(now)
    if breaker is None or state == "closed":
        return Health(by_hand=by_hand)
    return Health(
        state=state,
        reason=breaker.reason,
        since=round(clock - (now - breaker.since), 3),
        tried_again=round(clock + breaker.until - now, 3) if state == "open" else None,
        by_hand=by_hand,
    )


def figures_of(deployment: Deployment, board: Board) -> LiveFigures:
    figures, now = board.known(deployment), board.now()
    if figures is None:
        return LiveFigures()
    quota = figures.quota
    return LiveFigures(
        in_flight=figures.in_flight,
        queued=figures.queued,
        first_token=_rounded(figures.learned.first_token.at(now)),
        per_token=_rounded(figures.learned.per_token.at(now)),
        output=_rounded(figures.learned.output.value),
        answered=_answered(figures, now),
        cached=_rounded(figures.learned.cached.value),
        limits_used=None if quota is None else _rounded(used_up(quota, now - figures.quota_at)),
    )


def _answered(figures: Figures, now: float) -> float | None:
    """The distribution begins with one good and one bad answer that nobody gave."""
    good, bad = figures.learned.trust.at(now)
    seen = good + bad - 2
    return _rounded((good - 1) / seen) if seen > 0 else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else _short(value)


def _short(value: float) -> float:
    """Six digits: more would look exact."""
    return float(f"{value:.6g}")
