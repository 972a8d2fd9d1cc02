"""The best by four measures together: cost, confidence, load and resources, each from 0 (best) to 1, with weights.

- ``cost``: what this request will probably cost, in shares of the dearest. Where the price isn't known, 1.
- ``confidence``: how often it does not answer well; drawn, as in ``confidence.py``.
- ``load``: attempts in flight and requests waiting, beside those of the busiest.
- ``resources``: how much of its provider's limits is used up, as far as that is told.
"""

from __future__ import annotations

from collections.abc import Sequence

from turnout.core import Deployment, Model
from turnout.routing import Board, Candidate, Question

from .affinity import home_of
from .allowances import used_up
from .expected import expected_cost


def balanced(model: Model, question: Question, board: Board) -> Sequence[Candidate]:
    now, home = board.now(), home_of(model, question, board)
    figures = [board.of(deployment) for deployment in model.deployments]
    costs = [
        expected_cost(deployment, question, each, cached=deployment is home)
        for deployment, each in zip(model.deployments, figures, strict=True)
    ]
    dearest = max([cost for cost in costs if cost is not None], default=0)
    busiest = max(each.load for each in figures)

    def scored(deployment: Deployment, cost: int | None) -> Candidate:
        each = board.of(deployment)
        scores = {
            "cost": 1.0 if cost is None else cost / dearest if dearest else 0.0,
            "confidence": 1 - board.random.betavariate(*each.learned.trust.at(now)),
            "load": each.load / (busiest + 1),
            "resources": 0.0 if each.quota is None else used_up(each.quota, now - each.quota_at),
        }
        scores["total"] = _total(model, scores)
        return Candidate(deployment, f"{scores['total']:.2f} of {_worst(model):.2f}, less is better", scores)

    scored_ones = map(scored, model.deployments, costs)
    return sorted(scored_ones, key=lambda candidate: candidate.scores["total"])


def _total(model: Model, scores: dict[str, float]) -> float:
    weights = model.weights
    return (
        weights.cost * scores["cost"]
        + weights.confidence * scores["confidence"]
        + weights.load * scores["load"]
        + weights.resources * scores["resources"]
    )


def _worst(model: Model) -> float:
    weights = model.weights
    return weights.cost + weights.confidence + weights.load + weights.resources


POLICIES = {"balanced": balanced}
