"""Counts of long texts are remembered, within a bound."""

from __future__ import annotations

from turnout.tokens.remembered import Remembered

LONG = "x" * 1000


def test_a_long_text_is_remembered_by_how_it_was_counted() -> None:
    counts = Remembered()
    counts.put("claude", LONG, 7.5)
    assert counts.get("claude", "x" * 1000) == 7.5
    assert counts.get("gemini", LONG) is None
    assert counts.get("claude", LONG + "x") is None


def test_a_short_text_is_not() -> None:
    counts = Remembered()
    counts.put("claude", "short", 1)
    assert counts.get("claude", "short") is None


def test_the_oldest_goes_first() -> None:
    counts = Remembered(most=2)
    texts = ["a" * 500, "b" * 500, "c" * 500]
    counts.put("k", texts[0], 0)
    counts.put("k", texts[1], 1)
    assert counts.get("k", texts[0]) == 0
    counts.put("k", texts[2], 2)
    assert [counts.get("k", text) for text in texts] == [0, None, 2]
