"""The least busy first: the fewest attempts in flight and requests waiting, for its weight."""

from __future__ import annotations

from collections.abc import Sequence

from turnout.core import Deployment, Model
from turnout.routing import Board, Candidate, Question

from .affinity import at_home, home_of


def least_busy(model: Model, question: Question, board: Board) -> Sequence[Candidate]:
    """Equally busy ones are in random order."""

    def busy(deployment: Deployment) -> tuple[float, float]:
        return board.of(deployment).load / deployment.weight, board.random.random()

    ranked = [_candidate(deployment, board) for deployment in sorted(model.deployments, key=busy)]
    return at_home(ranked, home_of(model, question, board))


def _candidate(deployment: Deployment, board: Board) -> Candidate:
    figures = board.of(deployment)
    reason = f"{figures.in_flight} in flight, {figures.queued} waiting"
    return Candidate(deployment, reason, {"in_flight": figures.in_flight, "queued": figures.queued})


POLICIES = {"least_busy": least_busy}
