"""The contract of every policy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import product

from turnout.core import Deployment, Model
from turnout.routing import Policy

from .cases import Case, require, require_equal

MOST_DEPLOYMENTS = 4
_WEIGHTS = (1, 2, 1000)


def policy_cases(name: str, policy: Policy) -> Sequence[Case]:
    """``name`` is its key in ``POLICIES``."""
    return [
        Case(
            f"{name}: each of {number} deployments is kept once, with a reason",
            partial(_keeps_every_deployment, name, policy, number),
        )
        for number in range(1, MOST_DEPLOYMENTS + 1)
    ]


def _keeps_every_deployment(name: str, policy: Policy, number: int) -> None:
    for model in _models(name, number):
        candidates = policy(model)
        kept = sorted(candidate.deployment.id for candidate in candidates)
        require_equal(kept, sorted(deployment.id for deployment in model.deployments), "the deployments in the plan")
        require(all(candidate.reason for candidate in candidates), "a candidate has no reason")


def _models(policy: str, number: int) -> Iterator[Model]:
    """Models whose deployments have some weights, in all orders."""
    for weights in product(_WEIGHTS, repeat=number):
        deployments = tuple(
            Deployment(id=f"d{place}", provider="echo", model="m", weight=weight)
            for place, weight in enumerate(weights)
        )
        yield Model(name="fast", deployments=deployments, policy=policy)
