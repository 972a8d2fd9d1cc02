"""A deployment that is about to run dry is moved down before it refuses a request."""

from __future__ import annotations

import pytest

from turnout.core.quota import Allowance, Quota
from turnout.routing import Ending
from turnout.routing.allowances import shortage
from turnout.routing.planner import plan

from .support import Clock, asking, board_of_seed, deployment, find_nothing, model


@pytest.mark.parametrize(
    ("quota", "age", "size", "reason"),
    [
        (Quota(requests=Allowance(0, 60, 20.0)), 0, 0, "0 of 60 requests left, full again in 20 s"),
        (Quota(requests=Allowance(1, 60, 20.0)), 0, 0, "1 of 60 requests left, full again in 20 s"),
        (Quota(requests=Allowance(2, 60, 20.0)), 0, 0, None),
        (Quota(requests=Allowance(0, 60, 20.0)), 10, 0, None),  # half of it has come back
        (Quota(requests=Allowance(0, 60, 20.0)), 20, 0, None),
        (Quota(requests=Allowance(0)), 59, 0, "0 requests left, full again in 1 s"),
        (Quota(requests=Allowance(0)), 60, 0, None),
        (Quota(tokens=Allowance(900, 10_000, 60.0)), 0, 4_000, "900 of 10,000 tokens left, full again in 60 s"),
        (Quota(tokens=Allowance(900, 10_000, 60.0)), 0, 3_600, None),
        (Quota(tokens=Allowance(299, 10_000, 60.0)), 0, 4, "299 of 10,000 tokens left, full again in 60 s"),
        (Quota(input_tokens=Allowance(5, 100, 9.0)), 0, 24, "5 of 100 input tokens left, full again in 9 s"),
        (Quota(output_tokens=Allowance(0, 100, 9.0)), 0, 0, "0 of 100 output tokens left, full again in 9 s"),
        (Quota(requests=Allowance(0, None, 86_400.0)), 3599, 0, "0 requests left, full again in 82801 s"),
        (Quota(requests=Allowance(0, None, 86_400.0)), 3600, 0, None),
        (Quota(), 0, 10**6, None),
    ],
    ids=str,
)
def test_what_is_short(quota: Quota, age: float, size: int, reason: str | None) -> None:
    expected = None if reason is None else f"about to run dry: {reason}"
    assert shortage(quota, age, asking(size=size)) == expected


def test_it_comes_after_the_others_until_there_is_enough_again() -> None:
    clock = Clock()
    board = board_of_seed(1, clock)
    a, b = deployment("a"), deployment("b")
    ticket = board.began(a)
    quota = Quota(requests=Allowance(0, 60, 20.0))
    board.ended(a, Ending(outcome="ok", total=1.0, quota=quota, ticket=ticket))

    def reasons() -> dict[str, str]:
        candidates = plan(model(a, b), asking(), board, find_nothing).candidates
        return {candidate.deployment.id: candidate.reason for candidate in candidates}

    dry = "number 1 as written; about to run dry: 0 of 60 requests left, full again in 20 s"
    assert list(reasons().items()) == [("b", "number 2 as written"), ("a", dry)]
    clock.time += 2
    assert list(reasons()) == ["a", "b"]
