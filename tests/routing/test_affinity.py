"""A conversation stays at one deployment where that saves money, as long as the load allows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnout.core import Deployment, Secret
from turnout.routing import Board, Question, registry
from turnout.routing.affinity import home_of, is_worth_it

from .support import answer, asking, board_of_seed, chat, deployment, happened, model, priced

CACHING = priced(1.0, 4.0, cached=0.1)
PLAIN = priced(1.0, 4.0)


def places(number: int = 3, **fields: Any) -> list[Deployment]:
    return [deployment(f"d{n}", **{"price": CACHING} | fields) for n in range(number)]


def homes(board: Board, asked: Sequence[Deployment], number: int = 600) -> list[str]:
    served = model(*asked, policy="weighted")
    found = [home_of(served, asking(f"conversation {n}"), board) for n in range(number)]
    return [home.id for home in found if home is not None]


def test_all_turns_of_a_conversation_have_one_home() -> None:
    served = model(*places(), policy="weighted")
    turns = ["Where is the turnout?", "At the junction.", "And the signal?", "Beside it."]
    firsts = {
        registry()["weighted"](served, Question(chat(*turns[:length])), board_of_seed(length))[0].deployment.id
        for length in (1, 3, 4)
        for _ in range(10)
    }
    assert len(firsts) == 1


def test_conversations_are_spread_by_weight() -> None:
    even = Counter(homes(board_of_seed(1), places()))
    assert all(count == pytest.approx(200, abs=50) for count in even.values())
    heavy = Counter(homes(board_of_seed(1), [*places(1), deployment("heavy", weight=5, price=CACHING)]))
    assert heavy["heavy"] == pytest.approx(500, abs=40)


def test_a_deployment_that_goes_away_moves_only_its_own_conversations() -> None:
    before = homes(board_of_seed(1), places(4))
    after = homes(board_of_seed(1), places(3))
    assert all(new == old for old, new in zip(before, after, strict=True) if old != "d3")


@pytest.mark.parametrize(
    ("asked", "worth"),
    [
        (places(), True),
        (places(price=PLAIN), False),
        (places(price=None), False),
        ([*places(1), deployment("plain", price=PLAIN)], True),
        (places(model="m", provider="openai", api_key=Secret("one-account")), False),
        ([deployment(f"d{n}", price=CACHING, model="m", api_key=Secret(f"account-{n}")) for n in range(2)], True),
    ],
    ids=["cached", "no cached price", "no price", "one caches", "one account", "two accounts"],
)
def test_only_where_a_cached_read_is_cheaper_and_caches_differ(asked: list[Deployment], worth: bool) -> None:
    assert is_worth_it(asked) is worth
    assert (home_of(model(*asked, policy="weighted"), asking(), board_of_seed(1)) is not None) is worth


def test_it_can_be_switched_off() -> None:
    assert home_of(model(*places(), affinity="off"), asking(), board_of_seed(1)) is None


def test_a_loaded_home_sends_new_requests_on() -> None:
    board = board_of_seed(1)
    served = model(*places(), policy="weighted")
    home = home_of(served, asking(), board)
    assert home is not None
    for _ in range(4):
        assert home_of(served, asking(), board) == home, "a light load"
        board.began(home)
    other = home_of(served, asking(), board)
    assert other is not None
    assert other != home
    for place in served.deployments:
        if place != home:
            for _ in range(4):
                board.began(place)
    assert home_of(served, asking(), board) == home, "all have as much"


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 60)), min_size=2, max_size=6))
def test_there_is_always_a_home(weights_and_loads: list[tuple[int, int]]) -> None:
    board = board_of_seed(1)
    asked = [deployment(f"d{n}", weight=weight, price=CACHING) for n, (weight, _) in enumerate(weights_and_loads)]
    for place, (_, load) in zip(asked, weights_and_loads, strict=True):
        board.waiting(place, load)
    assert home_of(model(*asked), asking(), board) in asked


def test_fastest_leaves_a_home_that_is_much_slower() -> None:
    board = board_of_seed(1)
    served = model(*places(2), policy="fastest")
    home = home_of(served, asking(), board)
    assert home is not None
    other = next(place for place in served.deployments if place != home)
    happened(board, other, answer(first=1.0, each=0.0))
    happened(board, home, answer(first=1.9, each=0.0))
    assert registry()["fastest"](served, asking(), board)[0].deployment == home
    happened(board, home, answer(first=2.1, each=0.0))
    assert registry()["fastest"](served, asking(), board)[0].deployment == other
