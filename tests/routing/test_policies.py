"""In which order deployments are tried, and why each stands where it stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from turnout.core import Model
from turnout.routing import Board, Candidate, Plan, registry
from turnout.routing.planner import plan

from .support import asking, board_of_seed, deployment, ids, model


def by_policy(asked: Model, board: Board | None = None) -> Sequence[Candidate]:
    return registry()[asked.policy](asked, asking(), board or board_of_seed(7))


def test_order_is_the_order_as_written() -> None:
    candidates = by_policy(model(deployment("b"), deployment("a"), deployment("c")))
    assert ids(candidates) == ["b", "a", "c"]
    assert [candidate.reason for candidate in candidates] == [
        "number 1 as written",
        "number 2 as written",
        "number 3 as written",
    ]


def first_ones(*weights: int) -> Counter[str]:
    board = board_of_seed(7)
    asked = model(*[deployment(f"d{number}", weight) for number, weight in enumerate(weights)], policy="weighted")
    return Counter(by_policy(asked, board)[0].deployment.id for _ in range(4000))


@pytest.mark.parametrize(
    ("weights", "shares"), [((3, 1), (0.75, 0.25)), ((1, 1, 2), (0.25, 0.25, 0.5)), ((100, 1), (0.99, 0.01))]
)
def test_weighted_first_ones_are_drawn_by_their_weights(weights: tuple[int, ...], shares: tuple[float, ...]) -> None:
    drawn = first_ones(*weights)
    for number, share in enumerate(shares):
        assert drawn[f"d{number}"] / 4000 == pytest.approx(share, abs=0.025)


def test_weighted_says_what_was_drawn() -> None:
    asked = model(deployment("a", 3), deployment("b", 1), policy="weighted")
    reasons = {candidate.deployment.id: candidate.reason for candidate in by_policy(asked)}
    assert reasons == {"a": "drawn with weight 3 of 4", "b": "drawn with weight 1 of 4"}


def planned(asked: Model, *others: Model) -> Plan:
    found = {other.name: other for other in others}
    return plan(asked, asking(), board_of_seed(7), found.__getitem__)


def test_without_fallbacks_the_plan_is_the_policy() -> None:
    a = deployment("a")
    assert planned(model(a)) == Plan("fast", (Candidate(a, "the only one"),))


def test_fallbacks_come_after_in_their_order() -> None:
    one, two, three = deployment("one"), deployment("two"), deployment("three")
    made = planned(model(one, fallbacks=("y", "x")), model(two, name="x"), model(three, name="y"))
    assert [(candidate.deployment.id, candidate.reason) for candidate in made.candidates] == [
        ("one", "the only one"),
        ("three", "fallback 'y': the only one"),
        ("two", "fallback 'x': the only one"),
    ]
    assert made.dropped == ()


def test_a_fallback_is_ordered_by_its_own_policy() -> None:
    slow = model(deployment("light"), deployment("heavy", 1_000_000), name="slow", policy="weighted")
    assert ids(planned(model(deployment("a"), fallbacks=("slow",)), slow).candidates) == ["a", "heavy", "light"]


def test_what_is_in_the_plan_already_is_dropped_with_a_reason() -> None:
    shared, own = deployment("shared"), deployment("own")
    made = planned(model(shared, fallbacks=("x", "y")), model(shared, own, name="x"), model(own, name="y"))
    assert ids(made.candidates) == ["shared", "own"]
    assert [(drop.deployment.id, drop.reason) for drop in made.dropped] == [
        ("shared", "fallback 'x': already in the plan"),
        ("own", "fallback 'y': already in the plan"),
    ]


def test_fallbacks_of_fallbacks_are_not_followed() -> None:
    """Else two models that name each other would never end."""
    x, y = model(deployment("x"), name="x", fallbacks=("y",)), model(deployment("y"), name="y", fallbacks=("x",))
    assert ids(planned(x, x, y).candidates) == ["x", "y"]


def test_a_model_may_be_its_own_fallback_without_harm() -> None:
    x = model(deployment("x"), name="x", fallbacks=("x",))
    assert ids(planned(x, x).candidates) == ["x"]
