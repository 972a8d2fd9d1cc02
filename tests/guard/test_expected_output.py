"""How long an answer is expected to be: what was seen, and never more than what is asked for."""

from __future__ import annotations

import pytest

from turnout.guard import expected_output
from turnout.guard.expected_output import UNKNOWN, ExpectedOutput


def test_nothing_is_known_at_first() -> None:
    expected = ExpectedOutput()
    assert expected.of("k", "m", None, None) == UNKNOWN
    assert expected.of("k", "m", 100, None) == 100
    assert expected.of("k", "m", 100, 50) == 50
    assert expected.of("k", "m", 10**6, None) == UNKNOWN


def test_a_few_answers_prove_nothing() -> None:
    expected = ExpectedOutput()
    for _ in range(19):
        expected.observe("k", "m", 7)
    assert expected.of("k", "m") == UNKNOWN
    expected.observe("k", "m", 7)
    assert expected.of("k", "m") == 7
    assert expected.of("k", "m", 5) == 5


def test_it_is_the_95th_percentile_of_the_last_hundred() -> None:
    expected = ExpectedOutput()
    for length in range(100):
        expected.observe("k", "m", length)
    assert expected.of("k", "m") == 90
    for _ in range(125):
        expected.observe("k", "m", 3)
    assert expected.of("k", "m") == 3


def test_keys_and_models_are_apart() -> None:
    expected = ExpectedOutput()
    for _ in range(20):
        expected.observe("k", "m", 7)
    assert expected.of("other", "m") == expected.of("k", "other") == UNKNOWN


def test_it_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expected_output, "_MOST", 2)
    expected = ExpectedOutput()
    for key in ("a", "b", "c"):
        for _ in range(20):
            expected.observe(key, "m", 7)
    assert [expected.of(key, "m") for key in ("a", "b", "c")] == [UNKNOWN, 7, 7]
