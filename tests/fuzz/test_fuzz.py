"""A short run of ``make fuzz``, always the same one: what is found is fuzzed, and what was found stays mended."""

from __future__ import annotations

import time
from collections.abc import Callable
from random import Random

import pytest

from tests.fuzz.invariants import Disorder, check
from tests.fuzz.mutate import json_mutated, mutated, split
from tests.fuzz.running import attempt, run
from tests.fuzz.targets import targets
from tests.support.contract import CHATS, ENDPOINTS, ON_WIRES
from turnout.core import Delta, Finish, PartEnd, PartStart, Start, StreamEvent, Text

TRIES = 6000
SEED = 3


def random_of(number: int) -> Random:
    return Random(number)  # noqa: S311 - chance, not secrecy


def test_every_dialect_and_provider_is_fuzzed() -> None:
    names = [target.name for target in targets()]
    assert {f"parse {wire}" for wire in ENDPOINTS} <= set(names)
    for provider in ON_WIRES:
        assert any(name.startswith((f"decode {provider} ", f"relay {provider} ")) for name in names)
    for wire in CHATS:
        assert any(name.startswith("decode ") and name.endswith(f" for {wire}") for name in names)


def test_nothing_but_our_errors_comes_out() -> None:
    found = targets()
    for number in range(TRIES):
        attempt(found, SEED, number)


@pytest.mark.parametrize(
    "events",
    [
        pytest.param([PartStart(0, Text("")), Start()], id="late start"),
        pytest.param([Start(), Start()], id="two starts"),
        pytest.param([Start(), Delta(0, "x")], id="no part"),
        pytest.param([Start(), PartStart(0, Text("")), PartEnd(0), Delta(0, "x")], id="closed part"),
        pytest.param([Start(), PartStart(0, Text("")), PartEnd(0), PartEnd(0)], id="closed twice"),
        pytest.param([Start(), PartStart(0, Text("")), PartStart(0, Text(""))], id="opened twice"),
        pytest.param([Start(), Finish("stop", "x"), Finish("stop", "x")], id="finished twice"),
    ],
)
def test_disorder_is_noticed(events: list[StreamEvent]) -> None:
    with pytest.raises(Disorder):
        check(events)


def test_a_run_counts_kinds_of_failures() -> None:
    class Broken:
        name = "broken"

        def once(self, random: Random) -> None:
            raise ValueError(f"odd: {random.random()}")

    said: list[str] = []
    assert run([Broken()], 1, time.monotonic() + 0.02, said.append) == 1
    assert "--- try 0 of seed 1: broken" in said[0]


def test_mutations_are_repeatable_and_change_something() -> None:
    data = b'data: {"a": {"b": [1, 2]}}\n\ndata: {"c": "d"}\n\n'
    makers: list[Callable[[Random], bytes]] = [
        lambda random: mutated(data, [data], random),
        lambda random: json_mutated(data, random),
    ]
    for make in makers:
        made = [make(random_of(number)) for number in range(50)]
        assert made == [make(random_of(number)) for number in range(50)]
        assert len(set(made)) > 25


def test_pieces_add_up() -> None:
    data = bytes(range(100))
    assert all(b"".join(split(data, random_of(number))) == data for number in range(50))
