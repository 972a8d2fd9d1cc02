"""Policies that look at the board: which deployment they put first, and what they say of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from msgspec import structs

from turnout.core import Deployment, Model, Usage, Weights
from turnout.core.quota import Allowance, Quota
from turnout.routing import Board, Candidate, Ending, registry

from .support import Clock, answer, asking, board_of_seed, chat, deployment, happened, ids, model, priced

A, B, C = deployment("a"), deployment("b"), deployment("c")
FAILED = Ending(outcome="failed", total=0.01, fault="failing")
THROTTLED = structs.replace(FAILED, fault="throttled")


def by(policy: str, board: Board, *places: Deployment, size: int = 4000, **fields: Any) -> Sequence[Candidate]:
    asked = model(*(places or (A, B)), policy=policy, **fields)
    return registry()[policy](asked, asking(size=size), board)


def first_ones(policy: str, board: Board, *places: Deployment, times: int = 2000, **fields: Any) -> Counter[str]:
    return Counter(by(policy, board, *places, **fields)[0].deployment.id for _ in range(times))


# --- cheapest ------------------------------------------------------------------------------------------

DEAR, CHEAP = deployment("dear", price=priced(2.0, 10.0)), deployment("cheap", price=priced(1.0, 12.0))
UNKNOWN = deployment("unknown")


def test_cheapest_adds_up_input_and_expected_output() -> None:
    board = board_of_seed(1)
    short = by("cheapest", board, DEAR, CHEAP, UNKNOWN, size=400)
    assert [(c.deployment.id, c.reason) for c in short] == [
        ("dear", "about $0.0052"),
        ("cheap", "about $0.0061"),
        ("unknown", "its price isn't known"),
    ]
    assert ids(by("cheapest", board, DEAR, CHEAP, UNKNOWN, size=40_000)) == ["cheap", "dear", "unknown"]
    assert short[0].scores == {"cost": pytest.approx(0.0052)}


def test_cheapest_learns_how_long_answers_are_and_heeds_the_clients_limit() -> None:
    board = board_of_seed(1)
    happened(board, CHEAP, *[answer(output=10)] * 3)
    assert ids(by("cheapest", board, DEAR, CHEAP, size=400)) == ["cheap", "dear"]
    asked = model(DEAR, CHEAP, policy="cheapest")
    limited = structs.replace(chat("Hello"), max_output=10)
    fresh = registry()["cheapest"](asked, type(asking())(limited, 400), board_of_seed(1))
    assert ids(fresh) == ["cheap", "dear"]


def test_cheapest_stays_where_the_cache_makes_it_cheaper() -> None:
    board = board_of_seed(1)
    price = priced(1.0, 1.0, cached=0.1)
    places = deployment("x", price=price), deployment("y", price=price)
    cached = Usage(input=1000, cached_input=900, output=10)
    for place in places:
        happened(board, place, Ending(outcome="ok", total=1.0, usage=cached))
    homes = {by("cheapest", board, *places)[0].deployment.id for _ in range(20)}
    assert len(homes) == 1
    first, second = by("cheapest", board, *places)
    assert "this conversation's home" in first.reason
    assert first.scores["cost"] < 0.3 * second.scores["cost"]


# --- fastest -------------------------------------------------------------------------------------------


def test_fastest_takes_the_quicker_one() -> None:
    board = board_of_seed(1)
    happened(board, A, answer(first=2.0))
    happened(board, B, answer(first=0.2))
    assert first_ones("fastest", board) == {"b": 2000}
    assert by("fastest", board)[0].reason == "about 1.20 s, with 0 in flight"


def test_fastest_counts_the_time_of_each_token() -> None:
    board = board_of_seed(1)
    happened(board, A, answer(first=0.2, each=0.1))
    happened(board, B, answer(first=1.0, each=0.001))
    assert ids(by("fastest", board)) == ["b", "a"]


def test_fastest_counts_attempts_in_flight_and_waiting() -> None:
    board = board_of_seed(1)
    happened(board, A, answer(first=3.0, each=0.0))
    happened(board, B, answer(first=1.0, each=0.0))
    board.began(B)
    assert ids(by("fastest", board)) == ["b", "a"], "1 s with one before it, against 3 s"
    board.waiting(B, 2)
    assert ids(by("fastest", board)) == ["a", "b"], "1 s with three before it"


@pytest.mark.parametrize("ending", [FAILED, THROTTLED], ids=["failing", "throttled"])
def test_quick_failures_attract_nothing(ending: Ending) -> None:
    board = board_of_seed(1)
    happened(board, A, answer(first=0.5))
    happened(board, B, answer(first=0.3), ending)
    assert first_ones("fastest", board) == {"a": 2000}


def test_fastest_tries_a_slow_one_again_after_a_while_and_a_new_one_at_once() -> None:
    clock = Clock()
    board = board_of_seed(1, clock)
    happened(board, A, answer(first=9.0))
    for _ in range(6):
        happened(board, B, answer(first=0.5))
        clock.time += 10
    assert by("fastest", board)[0].deployment == A
    happened(board, A, answer(first=9.0))
    happened(board, B, answer(first=0.5))
    board.began(B)
    assert by("fastest", board, B, C)[0].deployment == C


def test_fastest_compares_two_of_many() -> None:
    board = board_of_seed(1)
    places = [deployment(f"d{number}") for number in range(4)]
    for number, place in enumerate(places):
        happened(board, place, answer(first=1.0 + number))
    firsts = first_ones("fastest", board, *places)
    assert firsts["d0"] / 2000 == pytest.approx(1 / 2, abs=0.04)
    assert firsts["d3"] == 0
    _, *others = ids(by("fastest", board, *places))
    assert others == sorted(others)


# --- least_busy ----------------------------------------------------------------------------------------


def test_least_busy_counts_what_is_in_flight_and_waits_by_weight() -> None:
    board = board_of_seed(1)
    board.began(A)
    board.waiting(B, 2)
    ranked = by("least_busy", board, A, B, C)
    assert ids(ranked) == ["c", "a", "b"]
    assert [c.reason for c in ranked] == ["0 in flight, 0 waiting", "1 in flight, 0 waiting", "0 in flight, 2 waiting"]
    strong = deployment("b", weight=4)
    assert ids(by("least_busy", board, A, strong)) == ["b", "a"]


def test_equally_busy_ones_share() -> None:
    assert first_ones("least_busy", board_of_seed(1))["a"] == pytest.approx(1000, abs=100)


# --- confidence ----------------------------------------------------------------------------------------


def test_confidence_prefers_what_answers_and_still_tries_the_other() -> None:
    board = board_of_seed(1)
    happened(board, A, *[answer()] * 6, *[FAILED] * 4)
    happened(board, B, *[answer()] * 9, FAILED)
    firsts = first_ones("confidence", board)
    assert 1600 < firsts["b"] < 2000
    candidate = by("confidence", board)[0]
    assert candidate.reason.startswith("drew 0.")
    assert candidate.scores.keys() == {"drawn", "good", "bad"}


def test_measured_confidence_counts() -> None:
    board = board_of_seed(1)
    happened(board, A, *[answer(confidence=0.5)] * 50)
    happened(board, B, *[answer(confidence=0.95)] * 50)
    assert first_ones("confidence", board)["b"] > 1990


# --- balanced ------------------------------------------------------------------------------------------


def balanced(board: Board, weights: Weights, *places: Deployment) -> str:
    firsts = first_ones("balanced", board, *places, times=200, weights=weights)
    return firsts.most_common(1)[0][0]


def only(name: str) -> Weights:
    nothing = Weights(cost=0, confidence=0, load=0, resources=0)
    return structs.replace(nothing, **{name: 1.0})


def test_each_measure_counts_by_its_weight() -> None:
    board = board_of_seed(1)
    dear, cheap = deployment("dear", price=priced(9.0, 9.0)), deployment("cheap", price=priced(1.0, 1.0))
    happened(board, dear, *[answer()] * 30)
    happened(board, cheap, *[FAILED] * 30)
    assert balanced(board, only("cost"), dear, cheap) == "cheap"
    assert balanced(board, only("confidence"), dear, cheap) == "dear"
    board.began(dear)
    assert balanced(board, only("load"), dear, cheap) == "cheap"
    happened(board, cheap, answer(quota=Quota(tokens=Allowance(10, 100, 60.0))))
    assert balanced(board, only("resources"), dear, cheap) == "dear"
    assert balanced(board, Weights(confidence=9.0), dear, cheap) == "dear"
    assert balanced(board, Weights(cost=9.0), dear, cheap) == "cheap"


def test_balanced_tells_each_measure() -> None:
    board = board_of_seed(1)
    happened(board, A, answer(quota=Quota(requests=Allowance(25, 100, 60.0))))
    scores = {c.deployment.id: c.scores for c in by("balanced", board)}
    assert scores["a"]["resources"] == 0.75
    assert scores["a"].keys() == {"cost", "confidence", "load", "resources", "total"}
    assert scores["a"]["total"] == pytest.approx(sum(scores["a"].values()) - scores["a"]["total"])
    assert scores["b"]["cost"] == 1.0, "its price isn't known"


def test_a_model_without_any_figures_is_served_by_every_policy() -> None:
    for name in registry():
        asked: Model = model(A, B, C, policy=name)
        assert sorted(ids(registry()[name](asked, asking(), board_of_seed(1)))) == ["a", "b", "c"]
