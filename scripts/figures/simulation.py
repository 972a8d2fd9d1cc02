"""Requests that come, are routed and answered, in simulated time. Nothing waits, and each run gives the same."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import NamedTuple

import msgspec

from turnout.core import Deployment, Model, Usage
from turnout.routing import Board, Ending, Question
from turnout.routing.planner import plan


class Request(NamedTuple):
    """``at`` is the time in seconds at which it comes."""

    at: float
    question: Question
    number: int = 0


class Answered(NamedTuple):
    request: Request
    deployment: Deployment
    ending: Ending
    in_flight: Mapping[str, int]  # by deployment, when it was routed


class Simulation:
    """``answer`` says how an attempt ends at a deployment; it is told the time at which it begins."""

    def __init__(self, model: Model, answer: Callable[[Request, Deployment, float], Ending], seed: int) -> None:
        self.time = 0.0
        self.board = Board(lambda: self.time, random.Random(seed))  # noqa: S311  # the same lots in each run
        self._model = model
        self._answer = answer
        self._ends: list[tuple[float, int, Deployment, Ending]] = []
        self._numbers = count()

    def run(self, requests: Iterator[Request]) -> Iterator[Answered]:
        """Each request asks the first deployment of its plan, and no other one."""
        for request in requests:
            self._end_attempts_until(request.at)
            self.time = request.at
            in_flight = {d.id: self.board.of(d).in_flight for d in self._model.deployments}
            planned = plan(self._model, request.question, self.board, _no_fallbacks)
            deployment = planned.candidates[0].deployment
            ending = self._answer(request, deployment, self.time)
            ticket = self.board.began(deployment)
            ending = msgspec.structs.replace(ending, ticket=ticket)
            heapq.heappush(self._ends, (self.time + ending.total, next(self._numbers), deployment, ending))
            yield Answered(request, deployment, ending, in_flight)

    def _end_attempts_until(self, time: float) -> None:
        while self._ends and self._ends[0][0] <= time:
            self.time, _, deployment, ending = heapq.heappop(self._ends)
            self.board.ended(deployment, ending)


def _no_fallbacks(name: str) -> Model:
    raise LookupError(name)


def poisson(lots: random.Random, per_second: float) -> Iterator[float]:
    """Times at which something comes, without end."""
    time = 0.0
    while True:
        time += lots.expovariate(per_second)
        yield time


def answered(first_token: float, output: int, per_token: float, *, read: int = 500, cached: int = 0) -> Ending:
    """A whole answer. Times are in seconds, the others are tokens; ``read`` is the input."""
    return Ending(
        outcome="ok",
        first_token=first_token,
        total=first_token + output * per_token,
        usage=Usage(input=read, output=output, cached_input=cached),
    )
