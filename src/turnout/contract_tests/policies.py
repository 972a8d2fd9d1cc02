"""The contract of every policy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import product

from turnout.core import ChatRequest, Deployment, Message, Model, Price, Text, Usage
from turnout.routing import Board, Ending, Policy, Question

from .cases import Case, require, require_equal

MOST_DEPLOYMENTS = 4
_WEIGHTS = (1, 2, 1000)
_QUESTION = Question(ChatRequest(model="fast", messages=(Message("user", (Text("Hello"),)),)), size=100)

_ANSWERED = Ending(outcome="ok", status=200, first_token=0.2, total=1.0, usage=Usage(input=20, output=40))
_FAILED = Ending(outcome="failed", status=500, total=0.1, fault="failing")


def policy_cases(name: str, policy: Policy) -> Sequence[Case]:
    """``name`` is its key in ``POLICIES``."""
    return [
        Case(
            f"{name}: each of {number} deployments is kept once, with a reason",
            partial(_keeps_every_deployment, name, policy, number),
        )
        for number in range(2, MOST_DEPLOYMENTS + 1)
    ]


def _keeps_every_deployment(name: str, policy: Policy, number: int) -> None:
    for model in _models(name, number):
        for board in _boards(model):
            candidates = policy(model, _QUESTION, board)
            kept = sorted(candidate.deployment.id for candidate in candidates)
            expected = sorted(deployment.id for deployment in model.deployments)
            require_equal(kept, expected, "the deployments in the plan")
            require(all(candidate.reason for candidate in candidates), "a candidate has no reason")


def _models(policy: str, number: int) -> Iterator[Model]:
    """Models whose deployments have some weights, in all orders."""
    for weights in product(_WEIGHTS, repeat=number):
        deployments = tuple(
            Deployment(
                id=f"d{place}",
                provider="echo",
                model="m",
                weight=weight,
                price=Price(input=weight, output=weight, version="1") if place % 2 else None,
            )
            for place, weight in enumerate(weights)
        )
        yield Model(name="fast", deployments=deployments, policy=policy)


def _boards(model: Model) -> Iterator[Board]:
    """One on which nothing has happened, and one on which some deployments have answered, failed and are busy."""
    yield Board()
    used = Board()
    for place, deployment in enumerate(model.deployments):
        endings = (_ANSWERED, _FAILED, None)[place % 3 :]
        for ending in endings:
            used.began(deployment)
            if ending is not None:
                used.ended(deployment, ending)
    yield used
