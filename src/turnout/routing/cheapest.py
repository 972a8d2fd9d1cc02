"""The cheapest first, by what this request will probably cost there. Where the price isn't known, it comes last."""

from __future__ import annotations

import math
from collections.abc import Sequence

from turnout.core import Deployment, Model, usd
from turnout.routing import Board, Candidate, Question

from .affinity import home_of
from .expected import expected_cost


def cheapest(model: Model, question: Question, board: Board) -> Sequence[Candidate]:
    home = home_of(model, question, board)

    def priced(deployment: Deployment) -> tuple[float, bool, Candidate]:
        is_home = deployment is home
        cost = expected_cost(deployment, question, board.of(deployment), cached=is_home)
        if cost is None:
            return math.inf, False, Candidate(deployment, "its price isn't known")
        reason = f"about ${usd(cost)}" + (", this conversation's home" if is_home else "")
        return cost, not is_home, Candidate(deployment, reason, {"cost": cost / 1e12})

    return [candidate for *_, candidate in sorted(map(priced, model.deployments), key=lambda found: found[:2])]


POLICIES = {"cheapest": cheapest}
