"""The fastest first, by the times of late and the attempts in flight.

Of two that are drawn, the faster one is first: so several processes don't all send to the same one. A deployment that
has answered nothing yet counts as quick as the quickest.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Final, NamedTuple

from turnout.core import Deployment, Model
from turnout.routing import Board, Candidate, Question

from .affinity import at_home, home_of
from .expected import expected_seconds

_WORTH_A_CACHE: Final = 2.0
"""A conversation stays at home if that takes at most so many times longer."""

_QUICKEST: Final = 0.001  # seconds


def fastest(model: Model, question: Question, board: Board) -> Sequence[Candidate]:
    rows = _rows(model, question, board)
    first, second = _two_of(len(rows), board)
    best = rows.pop(first if rows[first].cost <= rows[second].cost else second)
    rows.sort(key=_cost_of)
    home = home_of(model, question, board)
    for row in rows:
        if row.deployment is home and row.cost > _WORTH_A_CACHE * best.cost:
            home = None
    return at_home([_candidate(row) for row in (best, *rows)], home)


class _Row(NamedTuple):
    deployment: Deployment
    cost: float
    load: int


_cost_of = attrgetter("cost")


def _rows(model: Model, question: Question, board: Board) -> list[_Row]:
    now = board.now()
    figures = [board.of(deployment) for deployment in model.deployments]
    seconds = [expected_seconds(question, each, now) for each in figures]
    least = min([known for known in seconds if known is not None], default=0.0)
    costs = [max(least if known is None else known, _QUICKEST) for known in seconds]
    return [
        _Row(deployment, cost * (each.load + 1), each.load)
        for deployment, cost, each in zip(model.deployments, costs, figures, strict=True)
    ]


def _two_of(number: int, board: Board) -> tuple[int, int]:
    """Two different places at random. The first is as likely to be any."""
    first = int(board.random.random() * number)
    second = int(board.random.random() * (number - 1))
    return first, second + (second >= first)


def _candidate(row: _Row) -> Candidate:
    seconds = row.cost / (row.load + 1)
    reason = f"about {seconds:.2f} s, with {row.load} in flight"
    return Candidate(row.deployment, reason, {"seconds": seconds, "load": row.load, "cost": row.cost})


POLICIES = {"fastest": fastest}
