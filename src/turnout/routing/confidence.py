"""The one that answers best first, as far as is known.

How well a deployment answers is a Beta distribution of its successes, weighed by the measured confidence. A number is
drawn from each, and the largest is first (Thompson sampling, https://arxiv.org/abs/1707.02038): the better one is asked
more often the surer it is, and none is ever given up.
"""

from __future__ import annotations

from collections.abc import Sequence

from turnout.core import Deployment, Model
from turnout.routing import Board, Candidate, Question


def confidence(model: Model, question: Question, board: Board) -> Sequence[Candidate]:
    now = board.now()

    def drawn(deployment: Deployment) -> Candidate:
        good, bad = board.of(deployment).learned.trust.at(now)
        number = board.random.betavariate(good, bad)
        reason = f"drew {number:.2f}, of {good / (good + bad):.2f} on average"
        return Candidate(deployment, reason, {"drawn": number, "good": good, "bad": bad})

    return sorted(map(drawn, model.deployments), key=lambda candidate: -candidate.scores["drawn"])


POLICIES = {"confidence": confidence}
