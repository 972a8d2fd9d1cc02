"""Routes recorded requests by another configuration, in the order and at the times at which they came."""

from __future__ import annotations

import heapq
import random
from typing import Final

from turnout.catalog import Snapshot
from turnout.core import ChatRequest, Deployment, Model, Usage
from turnout.errors import UnknownModel
from turnout.routing import Board, Ending, Question
from turnout.routing.planner import outline

from .history import History, Recorded
from .report import Replayed, Tally

_BYTES_PER_TOKEN: Final = 4
_SEED: Final = 0
"""So that the same ledger and configuration give the same report."""


def replayed(history: History, snapshot: Snapshot, hours: float) -> Replayed:
    tally = Tally()
    rerouting = Rerouting(history, snapshot)
    for recorded in history.requests:
        try:
            model = snapshot.find(recorded.model)
        except UnknownModel:
            tally.not_routed(recorded, "the model is not served")
            continue
        chosen = rerouting.choose(recorded, model)
        if chosen is None:
            tally.not_routed(recorded, "no deployment is left")
        elif is_same(recorded, chosen, model):
            tally.same(recorded)
        else:
            tally.elsewhere(recorded, chosen.id, _cost(recorded, chosen), _seconds(recorded, chosen, history))
    return tally.report(hours, is_cut=history.is_cut)


class Rerouting:
    """Its board learns what the ledger tells of each deployment: how quick it was, and who is busy meanwhile."""

    def __init__(self, history: History, snapshot: Snapshot) -> None:
        self._history = history
        self._snapshot = snapshot
        self._now = 0.0
        self._board = Board(lambda: self._now, random.Random(_SEED))  # noqa: S311  # it only draws lots
        self._under_way: list[tuple[float, int, Deployment, Ending]] = []
        self._number = 0

    def choose(self, recorded: Recorded, model: Model) -> Deployment | None:
        """The deployment that would be asked first; None if none would be."""
        self._go_on_to(recorded.began)
        size = 0 if recorded.usage is None else recorded.usage.input * _BYTES_PER_TOKEN
        question = Question(ChatRequest(model=recorded.model, messages=()), size)
        plan = outline(model, question, self._board, self._snapshot.find)
        if not plan.candidates:
            return None
        chosen = plan.candidates[0].deployment
        self._begin(recorded, chosen)
        return chosen

    def _begin(self, recorded: Recorded, chosen: Deployment) -> None:
        ticket = self._board.began(chosen)
        pace = self._history.pace_of(chosen)
        seconds = _seconds(recorded, chosen, self._history)
        total = recorded.ended - recorded.began if seconds is None else seconds
        first = None if pace is None else pace.first_token() or None
        ending = Ending(outcome="ok", total=total, first_token=first, usage=recorded.usage, ticket=ticket)
        self._number += 1  # deployments have no order
        heapq.heappush(self._under_way, (self._now + total, self._number, chosen, ending))

    def _go_on_to(self, time: float) -> None:
        while self._under_way and self._under_way[0][0] <= time:
            self._now, _, deployment, ending = heapq.heappop(self._under_way)
            self._board.ended(deployment, ending)
        self._now = time


def is_same(recorded: Recorded, chosen: Deployment, model: Model) -> bool:
    """Whether the first attempt went there. The other configuration may have another id for the same upstream model."""
    if recorded.deployment == chosen.id:
        return True
    if recorded.deployment in [deployment.id for deployment in model.deployments]:
        return False
    return (recorded.provider, recorded.upstream_model) == (chosen.provider, chosen.model)


def _cost(recorded: Recorded, chosen: Deployment) -> int | None:
    """Picodollars for the same tokens, none of them from a cache: that is at the other deployment."""
    if chosen.price is None or recorded.usage is None:
        return None
    return chosen.price.cost(Usage(input=recorded.usage.input, output=recorded.usage.output))


def _seconds(recorded: Recorded, chosen: Deployment, history: History) -> float | None:
    pace = history.pace_of(chosen)
    if pace is None or recorded.usage is None:
        return None
    return pace.seconds(recorded.usage.output)
