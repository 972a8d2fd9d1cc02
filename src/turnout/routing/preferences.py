"""What a request asks for beside its model's policy: its session's deployment, and the strong ones for premium."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from turnout.core import Deployment, Model

from .affinity import ranked_for
from .candidates import Candidate
from .question import Question

PREMIUM: Final = "premium"
"""The tag of deployments that premium sessions get first, and all others last."""


def by_preference(candidates: Sequence[Candidate], model: Model, question: Question) -> Sequence[Candidate]:
    """The strongest preference is applied last."""
    if len(candidates) == 1:
        return candidates
    if model.affinity == "session" and question.session and question.thread is not None:
        home = ranked_for(model.deployments, question.thread)[0].id
        candidates = _first(candidates, lambda deployment: deployment.id == home, "this session's home")
    if [True for candidate in candidates if PREMIUM in candidate.deployment.tags]:
        premium = question.premium
        reason = "for premium sessions" if premium else "the others are for premium sessions"
        candidates = _first(candidates, lambda deployment: (PREMIUM in deployment.tags) is premium, reason)
    if answered_by := question.answered_by:
        candidates = _first(
            candidates, lambda deployment: deployment.id == answered_by, "it gave the answer that this continues"
        )
    return candidates


def _first(
    candidates: Sequence[Candidate], is_preferred: Callable[[Deployment], bool], reason: str
) -> Sequence[Candidate]:
    """The preferred ones before the others, each in their order."""
    preferred = [candidate.because(reason) for candidate in candidates if is_preferred(candidate.deployment)]
    return [*preferred, *(candidate for candidate in candidates if not is_preferred(candidate.deployment))]
