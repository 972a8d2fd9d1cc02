"""How many good answers are lost until ``confidence`` knows which deployment answers best."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import accumulate
from statistics import mean
from typing import Final

from turnout.core import ChatRequest, Deployment, Model, Usage
from turnout.routing import Ending, Question

from .simulation import Request, Simulation

SHARES: Final = {"best": 0.95, "middling": 0.85, "worst": 0.70}
"""How often each deployment answers well; the others fail."""

DEPLOYMENTS: Final = [Deployment(id=name, provider="vllm", model=name) for name in SHARES]
QUESTION: Final = Question(ChatRequest(model="m", messages=()), size=2000)
PER_SECOND: Final = 10


def regret(policy: str, requests: int, seed: int = 1) -> Sequence[float]:
    """For each request: how many more good answers the best deployment would have given so far, on average."""
    lots = random.Random(seed)  # noqa: S311  # the same lots in each run

    def answer(request: Request, deployment: Deployment, time: float) -> Ending:
        if lots.random() < SHARES[deployment.id]:
            return Ending(outcome="ok", total=1.0, first_token=0.3, usage=Usage(input=500, output=50))
        return Ending(outcome="ok", total=1.0, first_token=0.3, usage=Usage(input=500, output=50), confidence=0.0)

    asked: Iterator[Request] = (Request(number / PER_SECOND, QUESTION) for number in range(requests))
    model = Model(name="m", deployments=tuple(DEPLOYMENTS), policy=policy)
    ended = Simulation(model, answer, seed).run(asked)
    return [*accumulate(SHARES["best"] - SHARES[done.deployment.id] for done in ended)]


def mean_regret(policy: str, requests: int, runs: int) -> Sequence[float]:
    """The same on average, as one run may be lucky."""
    return [mean(row) for row in zip(*(regret(policy, requests, seed) for seed in range(runs)), strict=True)]
