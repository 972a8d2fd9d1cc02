"""The time to the first token, with one replica ten times slower than the others."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from statistics import quantiles
from typing import Final

from turnout.core import ChatRequest, Deployment, Model
from turnout.routing import Ending, Question

from .simulation import Request, Simulation, answered, poisson

MEDIAN, P95 = 0.25, 0.70
"""Seconds to the first token that were published for gpt-4o:
https://deploybase.ai/articles/llm-api-latency-comparison-time-to-first-token (March 2026). Such times are about
log-normal.
"""

SIGMA: Final = math.log(P95 / MEDIAN) / 1.645
PER_TOKEN: Final = 0.0125  # 80 tokens a second
SLOWER: Final = 10
POLICIES: Final = ("weighted", "least_busy", "fastest")
REPLICAS: Final = [Deployment(id=f"replica-{n}", provider="vllm", model="m") for n in range(5)]
SLOW: Final = REPLICAS[0]
QUESTION: Final = Question(ChatRequest(model="m", messages=()), size=2000)
PER_SECOND: Final = 20


def first_tokens(policy: str, requests: int, seed: int = 1) -> Sequence[float]:
    """Seconds to the first token of each request."""
    lots = random.Random(seed)  # noqa: S311  # the same lots in each run

    def answer(request: Request, deployment: Deployment, time: float) -> Ending:
        slower = SLOWER if deployment is SLOW else 1
        first = lots.lognormvariate(math.log(MEDIAN), SIGMA) * slower
        return answered(first, lots.randint(50, 350), PER_TOKEN * slower)

    def asked() -> Iterator[Request]:
        for at in islice(poisson(lots, PER_SECOND), requests):
            yield Request(at, QUESTION)

    model = Model(name="m", deployments=tuple(REPLICAS), policy=policy)
    ended = Simulation(model, answer, seed).run(asked())
    return [done.ending.first_token or 0.0 for done in ended]


def percentiles(seconds: Sequence[float]) -> Mapping[str, float]:
    cuts = quantiles(seconds, n=100)
    return {"p50": cuts[49], "p95": cuts[94], "p99": cuts[98]}
