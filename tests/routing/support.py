"""Models, questions and boards in simulated time."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from msgspec import structs

from turnout.core import ChatRequest, Deployment, Message, Model, Price, Role, Text, Usage
from turnout.routing import Board, Candidate, Ending, HealthRules, Question


class Clock:
    """Stands still until it is moved. Seconds."""

    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


def board_of_seed(seed: int, clock: Clock | None = None, rules: HealthRules | None = None) -> Board:
    return Board(clock or Clock(), random.Random(seed), rules)  # noqa: S311  # the same lots in each run


def deployment(name: str, weight: int = 1, **fields: Any) -> Deployment:
    defaults: dict[str, Any] = {"id": name, "provider": "echo", "model": name, "weight": weight}
    return Deployment(**defaults | fields)


def model(*places: Deployment, name: str = "fast", **fields: Any) -> Model:
    return Model(name=name, deployments=places, **fields)


def priced(dollars: float, output: float = 0.0, cached: float | None = None) -> Price:
    """Prices in dollars for a million tokens."""
    return Price(
        input=int(dollars * 1e6),
        output=int(output * 1e6),
        cached_input=None if cached is None else int(cached * 1e6),
        version="test",
    )


def chat(*texts: str, **fields: Any) -> ChatRequest:
    """Texts of the user and the assistant in turn."""
    roles: Sequence[Role] = ("user", "assistant")
    messages = tuple(Message(roles[n % 2], (Text(text),)) for n, text in enumerate(texts or ("Hello",)))
    return ChatRequest(model="fast", messages=messages, **fields)


def asking(text: str = "Hello", size: int = 100, **fields: Any) -> Question:
    return Question(chat(text), size, **fields)


def answer(first: float = 0.5, each: float = 0.01, output: int = 100, **fields: Any) -> Ending:
    """The end of a stream: seconds to its first token and for each, and its tokens."""
    usage = Usage(input=1000, output=output)
    return Ending(outcome="ok", first_token=first, total=first + each * output, usage=usage, **fields)


def happened(board: Board, place: Deployment, *endings: Ending) -> None:
    """Attempts at ``place``, one after the other."""
    for ending in endings:
        ticket = board.began(place)
        board.ended(place, structs.replace(ending, ticket=ticket))


def find_nothing(name: str) -> Model:
    raise AssertionError(f"no fallback is named {name}")


def ids(candidates: Sequence[Candidate]) -> list[str]:
    return [candidate.deployment.id for candidate in candidates]
