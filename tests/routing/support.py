"""Models, questions and boards in simulated time."""

from __future__ import annotations

import random
from collections.abc import Sequence

from turnout.core import ChatRequest, Deployment, Message, Model, Price, Text
from turnout.routing import Board, Candidate, Question


class Clock:
    """Stands still until it is moved. Seconds."""

    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


def board_of_seed(seed: int, clock: Clock | None = None) -> Board:
    return Board(clock or Clock(), random.Random(seed))  # noqa: S311  # the same lots in each run


def deployment(name: str, weight: int = 1, price: Price | None = None) -> Deployment:
    return Deployment(id=name, provider="echo", model="m", weight=weight, price=price)


def model(*places: Deployment, name: str = "fast", policy: str = "order", fallbacks: tuple[str, ...] = ()) -> Model:
    return Model(name=name, deployments=places, policy=policy, fallbacks=fallbacks)


def asking(text: str = "Hello", size: int = 100) -> Question:
    return Question(ChatRequest(model="fast", messages=(Message("user", (Text(text),)),)), size)


def find_nothing(name: str) -> Model:
    raise AssertionError(f"no fallback is named {name}")


def ids(candidates: Sequence[Candidate]) -> list[str]:
    return [candidate.deployment.id for candidate in candidates]
