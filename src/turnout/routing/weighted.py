"""By chance, in proportion to the weights: the first one takes the traffic, the rest stand by."""

from __future__ import annotations

import random
from collections.abc import Sequence

from turnout.core import Deployment, Model
from turnout.routing import Step


def weighted(model: Model) -> Sequence[Step]:
    """A weighted shuffle: each key is u^(1/weight) (Efraimidis and Spirakis, 2006). Weight 0 comes last."""
    ranked = sorted(model.deployments, key=_rank, reverse=True)
    total = sum(deployment.weight for deployment in model.deployments)
    return [Step(deployment, f"drawn with weight {deployment.weight} of {total}") for deployment in ranked]


def _rank(deployment: Deployment) -> float:
    if deployment.weight <= 0:
        return -random.random()  # noqa: S311  # load is spread, nothing is kept secret
    return float(random.random() ** (1 / deployment.weight))  # noqa: S311


POLICIES = {"weighted": weighted}
