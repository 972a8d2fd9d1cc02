"""How much of the input comes from the providers' caches, and how evenly the load is spread."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from statistics import mean
from typing import Final, NamedTuple

from turnout.core import Affinity, ChatRequest, Deployment, Message, Model, Price, Secret, Text
from turnout.routing import Ending, Question

from .conversations import Turn
from .simulation import Request, Simulation, answered

KEPT: Final = 300.0
"""Seconds for which a provider keeps what it has read, since it was read last:
https://platform.claude.com/docs/en/build-with-claude/prompt-caching
"""

LEAST_CACHED: Final = 1024
"""Tokens; shorter beginnings aren't cached: https://platform.openai.com/docs/guides/prompt-caching"""

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


def caching(
    coming: Callable[[random.Random, float], Iterator[Turn]],
    policy: str,
    affinity: Affinity,
    seconds: float,
    seed: int = 1,
) -> Cached:
    """``coming`` gives the turns of ``seconds``."""
    lots = random.Random(seed)  # noqa: S311  # the same lots in each run
    caches: dict[str, dict[str, Turn]] = {deployment.id: {} for deployment in ACCOUNTS}
    asked = [*coming(lots, seconds)]
    tokens = {"input": 0, "cached": 0}

    def answer(request: Request, deployment: Deployment, time: float) -> Ending:
        turn = asked[request.number]
        seen = caches[deployment.id].get(turn.conversation)
        cached = min(seen.tokens, turn.tokens) if seen and time - seen.at <= KEPT and seen.tokens >= LEAST_CACHED else 0
        caches[deployment.id][turn.conversation] = turn
        tokens["input"] += turn.tokens
        tokens["cached"] += cached
        seconds_to_read = (turn.tokens - cached) / 20_000
        return answered(0.3 + seconds_to_read, lots.randint(50, 350), 0.0125, read=turn.tokens, cached=cached)

    model = Model(name="m", deployments=tuple(ACCOUNTS), policy=policy, affinity=affinity)
    requests = (Request(turn.at, _question(turn), number) for number, turn in enumerate(asked))
    loads = [[*done.in_flight.values()] for done in Simulation(model, answer, seed).run(requests)]
    spread = mean(max(load) / mean(load) for load in loads if sum(load) >= len(ACCOUNTS))
    return Cached(tokens["cached"] / tokens["input"], spread)


def _question(turn: Turn) -> Question:
    start = Message("user", (Text(turn.conversation),))
    return Question(ChatRequest(model="m", messages=(start,)), size=turn.tokens * 4, header_session=turn.session)
