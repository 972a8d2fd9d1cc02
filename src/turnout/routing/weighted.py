"""A random order: a deployment is first as often as its weight says. The others are tried when it fails."""

from __future__ import annotations

import random
from collections.abc import Sequence

from turnout.core import Deployment, Model
from turnout.routing import Candidate


def weighted(model: Model) -> Sequence[Candidate]:
    """A weighted shuffle: deployments by u^(1/weight), largest first (Efraimidis and Spirakis, 2006)."""
    ranked = sorted(model.deployments, key=_rank, reverse=True)
    total = sum(deployment.weight for deployment in model.deployments)
    return [Candidate(deployment, f"drawn with weight {deployment.weight} of {total}") for deployment in ranked]


def _rank(deployment: Deployment) -> float:
    return float(random.random() ** (1 / deployment.weight))  # noqa: S311  # this spreads load and hides no secret


POLICIES = {"weighted": weighted}
