"""A random order: a deployment is first as often as its weight says. The others are tried when it fails.

A conversation stays at the deployment that was drawn for it, if that saves money (``affinity.py``).
"""

from __future__ import annotations

from collections.abc import Sequence

from turnout.core import Model
from turnout.routing import Board, Candidate, Question

from .affinity import at_home, home_of


def weighted(model: Model, question: Question, board: Board) -> Sequence[Candidate]:
    """A weighted shuffle: deployments by u^(1/weight), largest first (Efraimidis and Spirakis, 2006)."""
    draw = board.random.random
    ranked = sorted(model.deployments, key=lambda deployment: draw() ** (1 / deployment.weight), reverse=True)
    total = sum(deployment.weight for deployment in model.deployments)
    drawn = [Candidate(deployment, f"drawn with weight {deployment.weight} of {total}") for deployment in ranked]
    return at_home(drawn, home_of(model, question, board))


POLICIES = {"weighted": weighted}
