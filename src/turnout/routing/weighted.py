"""A random order: a deployment is first as often as its weight says. The others are tried when it fails."""

from __future__ import annotations

from collections.abc import Sequence

from turnout.core import Model
from turnout.routing import Board, Candidate, Question


def weighted(model: Model, question: Question, board: Board) -> Sequence[Candidate]:
    """A weighted shuffle: deployments by u^(1/weight), largest first (Efraimidis and Spirakis, 2006)."""
    draw = board.random.random
    ranked = sorted(model.deployments, key=lambda deployment: draw() ** (1 / deployment.weight), reverse=True)
    total = sum(deployment.weight for deployment in model.deployments)
    return [Candidate(deployment, f"drawn with weight {deployment.weight} of {total}") for deployment in ranked]


POLICIES = {"weighted": weighted}
