"""As written in the configuration."""

from __future__ import annotations

from collections.abc import Sequence

from turnout.core import Model
from turnout.routing import Board, Candidate, Question


def order(model: Model, question: Question, board: Board) -> Sequence[Candidate]:
    return [
        Candidate(deployment, f"number {number} as written") for number, deployment in enumerate(model.deployments, 1)
    ]


POLICIES = {"order": order}
