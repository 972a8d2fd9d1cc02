"""The fastest first, by the times of late and the attempts in flight.

Of two that are drawn, the faster one is first: so several processes don't all send to the same one. A deployment that
has answered nothing yet counts as quick as the quickest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from turnout.core import Deployment, Model
from turnout.routing import Board, Candidate, Question

from .affinity import at_home, home_of
from .expected import expected_seconds

_WORTH_A_CACHE: Final = 2.0
"""A conversation stays at home if that takes at most so many times longer."""

_QUICKEST: Final = 0.001  # seconds


def fastest(model: Model, question: Question, board: Board) -> Sequence[Candidate]:
    now = board.now()
    figures = [board.of(deployment) for deployment in model.deployments]
    seconds = [expected_seconds(question, each, now) for each in figures]
    least = min([known for known in seconds if known is not None], default=0.0)
    costs = {
        deployment.id: max(least if known is None else known, _QUICKEST) * (each.load + 1)
        for deployment, known, each in zip(model.deployments, seconds, figures, strict=True)
    }

    def cost(deployment: Deployment) -> float:
        return costs[deployment.id]

    first = min(board.random.sample(model.deployments, 2), key=cost)
    ranked = [first, *sorted([d for d in model.deployments if d is not first], key=cost)]
    home = home_of(model, question, board)
    if home is not None and cost(home) > _WORTH_A_CACHE * cost(first):
        home = None
    return at_home([_candidate(d, cost(d), board.of(d).load) for d in ranked], home)


def _candidate(deployment: Deployment, cost: float, load: int) -> Candidate:
    reason = f"about {cost / (load + 1):.2f} s, with {load} in flight"
    return Candidate(deployment, reason, {"seconds": cost / (load + 1), "load": load, "cost": cost})


POLICIES = {"fastest": fastest}
