"""How much of the input comes from the providers' caches, and how evenly the load is spread."""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator
from statistics import mean
from typing import Final, NamedTuple

from turnout.core import Affinity, ChatRequest, Deployment, Message, Model, Price, Secret, Text
from turnout.routing import Ending, Question

from .simulation import Request, Simulation, answered, poisson

KEPT: Final = 300.0
"""Seconds for which a provider keeps what it has read, since it was read last:
https://platform.claude.com/docs/en/build-with-claude/prompt-caching
"""

LEAST_CACHED: Final = 1024
"""Tokens; shorter beginnings aren't cached: https://platform.openai.com/docs/guides/prompt-caching"""

FIRST_INPUT: Final = (1_000, 5_000)
ADDED: Final = (100, 900)  # tokens of input with each turn, the last answer among them
GAP: Final = 20.0  # seconds between two turns, on average
TURNS: Final = 12  # on average
PRICE: Final = Price(input=1_000_000, output=4_000_000, cached_input=100_000, version="simulated")
ACCOUNTS: Final = [
    Deployment(id=f"account-{n}", provider="openai", model="m", price=PRICE, api_key=Secret(f"account-{n}"))
    for n in range(4)
]


class Cached(NamedTuple):
    """``hits``: the share of all input that was read from a cache. ``spread``: the attempts in flight at the busiest
    deployment, for those at an average one.
    """

    hits: float
    spread: float


class Turn(NamedTuple):
    at: float
    conversation: int
    tokens: int


def turns(lots: random.Random, per_second: float, seconds: float) -> Iterator[Turn]:
    """The turns of all conversations by time. ``per_second`` conversations begin in a second."""
    coming: list[Turn] = []
    for number, at in enumerate(poisson(lots, per_second)):
        while coming and coming[0].at <= at:
            turn = heapq.heappop(coming)
            yield turn
            if lots.random() > 1 / TURNS:
                later = turn.at + lots.expovariate(1 / GAP)
                heapq.heappush(coming, Turn(later, turn.conversation, turn.tokens + lots.randint(*ADDED)))
        if at > seconds:
            return
        heapq.heappush(coming, Turn(at, number, lots.randint(*FIRST_INPUT)))


def caching(policy: str, affinity: Affinity, seconds: float, seed: int = 1) -> Cached:
    lots = random.Random(seed)  # noqa: S311  # the same lots in each run
    caches: dict[str, dict[int, Turn]] = {deployment.id: {} for deployment in ACCOUNTS}
    tokens = {"input": 0, "cached": 0}

    def answer(request: Request, deployment: Deployment, time: float) -> Ending:
        seen, turn = caches[deployment.id].get(request.number), by_size(request)
        cached = seen.tokens if seen and time - seen.at <= KEPT and seen.tokens >= LEAST_CACHED else 0
        caches[deployment.id][request.number] = Turn(time, request.number, turn)
        tokens["input"] += turn
        tokens["cached"] += cached
        return answered(0.3 + (turn - cached) / 20_000, lots.randint(50, 350), 0.0125, read=turn, cached=cached)

    model = Model(name="m", deployments=tuple(ACCOUNTS), policy=policy, affinity=affinity)
    asked = (Request(turn.at, _question(turn), turn.conversation) for turn in turns(lots, 2.0, seconds))
    loads = [[*done.in_flight.values()] for done in Simulation(model, answer, seed).run(asked)]
    spread = mean(max(load) / mean(load) for load in loads if sum(load) >= len(ACCOUNTS))
    return Cached(tokens["cached"] / tokens["input"], spread)


def by_size(request: Request) -> int:
    return request.question.tokens


def _question(turn: Turn) -> Question:
    start = Message("user", (Text(f"conversation {turn.conversation}"),))
    return Question(ChatRequest(model="m", messages=(start,)), size=turn.tokens * 4)
