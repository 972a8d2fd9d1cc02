"""A conversation far from a limit isn't counted; its share of tokens is remembered while it grows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from turnout.tokens import FAMILIES, sampling
from turnout.tokens.sampling import stays_below

GPT = FAMILIES["o200k"]
TEXTS = [case["text"] for case in json.loads((Path(__file__).parent / "texts.json").read_text())]
PROSE = b"A gateway takes requests for others and hands them on, so that clients know one address. "


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    sampling._SHARES.clear()
    yield
    sampling._SHARES.clear()


@pytest.fixture
def estimates(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each estimate used the encoding."""
    used: list[bool] = []
    original = sampling._estimate

    def estimate(*given: object, encoded: bool) -> float:
        used.append(encoded)
        return original(*given, encoded=encoded)  # type: ignore[arg-type]  # passed on as they are

    monkeypatch.setattr(sampling, "_estimate", estimate)
    return used


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("text", TEXTS)
def test_what_surely_is_too_long_never_stays_below(text: str, family: str) -> None:
    long = text * 200
    tokens = FAMILIES[family].text(long)
    assert not stays_below([long.encode()], tokens * 0.75, FAMILIES[family])
    assert stays_below([long.encode()], tokens * 4, FAMILIES[family])


@pytest.mark.parametrize(
    ("times", "used"),
    [
        pytest.param(9, [False], id="far-below"),
        pytest.param(1.2, [False, True], id="near"),
        pytest.param(0.3, [False], id="far-above"),
    ],
)
def test_the_encoding_is_asked_where_the_weights_do_not_decide(
    estimates: list[bool], times: float, used: list[bool]
) -> None:
    text = PROSE * 2000
    assert stays_below([text], GPT.text(text.decode()) * times, GPT) == (times > 1)
    assert estimates == used


def test_the_next_turns_of_a_conversation_are_not_looked_at(estimates: list[bool]) -> None:
    limit = GPT.text((PROSE * 2000).decode()) * 9
    for turns in (1000, 1000, 1100, 1200):
        assert stays_below([PROSE * turns], limit, GPT)
    assert len(estimates) == 1
    assert stays_below([PROSE * 2500], limit, GPT)
    assert len(estimates) == 2


def test_another_conversation_is_looked_at(estimates: list[bool]) -> None:
    for text in (PROSE, PROSE.upper(), PROSE[::-1]):
        stays_below([text * 1000], 10**6, GPT)
    stays_below([PROSE * 1000], 10**6, FAMILIES["claude"])
    stays_below([b"0123456789" * 900 + PROSE * 900], 10**6, GPT)
    assert len(estimates) == 5


def test_not_all_conversations_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "_MOST", 3)
    for number in range(10):
        stays_below([b"%d" % number * 10_000], 10**6, GPT)
    assert 1 <= len(sampling._SHARES) <= 3


def test_nothing_at_all_stays_below() -> None:
    assert stays_below([], 1, GPT)
