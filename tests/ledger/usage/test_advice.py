"""Advice has figures, and is given only where they say enough."""

from __future__ import annotations

from typing import Any

import pytest

from turnout.core import Price, Usage
from turnout.ledger.usage.advice import Advice
from turnout.storage import Repeated

from .support import row

USD = 10**12
PRICES = {
    "dear": Price(input=10_000_000, output=30_000_000, cached_input=1_000_000, version="b"),
    "cheap": Price(input=1_000_000, output=3_000_000, version="b"),
    "cheaper": Price(input=500_000, output=1_000_000, version="b"),
}
TOKENS = {"input": 1_000_000, "output": 100_000}
DEAR = 13 * USD  # for these tokens


def pricing(deployment: str, usage: Usage) -> int | None:
    price = PRICES.get(deployment)
    return None if price is None else price.cost(usage)


def test_a_cheaper_deployment_with_the_same_success_is_named_with_its_figures() -> None:
    advice = Advice(pricing)
    advice.compare(
        [
            row("chat", "dear", unmetered=50, ok=190, failed=10, client_gone=50, cost=DEAR, **TOKENS),
            row("chat", "cheap", ok=1000, cost=USD, **TOKENS),
            row("chat", "cheaper", ok=180, failed=20, cost=USD, **TOKENS),
            row("embeddings", "cheaper", ok=1000, cost=USD, **TOKENS),
        ]
    )
    assert advice.given() == [
        {
            "kind": "cheaper_deployment",
            "operation": "chat",
            "deployment": "dear",
            "instead": "cheap",
            "attempts": 200,
            "success": 0.95,
            "instead_attempts": 1000,
            "instead_success": 1.0,
            "cost_usd": "13",
            "instead_cost_usd": "1.3",
            "saving_usd": "11.7",
        }
    ]


@pytest.mark.parametrize(
    ("dear", "other"),
    [
        ({"ok": 99}, {"ok": 1000}),
        ({"ok": 200}, {"ok": 99}),
        ({"ok": 200}, {"ok": 999, "cut": 1}),
        ({"ok": 200, "unpriced": 1}, {"ok": 1000}),
        ({"ok": 200, "cost": USD}, {"ok": 1000}),
    ],
    ids=["few attempts", "few attempts there", "less success", "unpriced", "hardly cheaper"],
)
def test_figures_that_say_too_little_give_no_advice(dear: dict[str, Any], other: dict[str, Any]) -> None:
    advice = Advice(pricing)
    advice.compare(
        [
            row("chat", "dear", **({"cost": DEAR} | TOKENS | dear)),
            row("chat", "cheap", **TOKENS, **other),
        ]
    )
    assert advice.given() == []


def test_a_deployment_without_a_price_is_not_recommended() -> None:
    advice = Advice(pricing)
    advice.compare([row("chat", "dear", ok=200, cost=DEAR, **TOKENS), row("chat", "unknown", ok=200)])
    assert advice.given() == []


def test_what_a_prompt_cache_could_have_given_is_told() -> None:
    """Three requests of 10,000, 20,000 and 30,000 tokens: 30,000 of them are sent again, and 6,000 were read."""
    advice = Advice(pricing)
    session = row("s1", "dear", ok=3, input=60_000, cached_input=6_000, cost=USD)
    advice.miss_caches([session, row("", "dear", ok=9, input=10**9), row("s2", "dear", ok=1, input=10**9)])
    assert advice.given() == [
        {
            "kind": "missed_prompt_cache",
            "deployment": "dear",
            "sessions": 1,
            "requests": 3,
            "input": 60_000,
            "cached_input": 6_000,
            "could_be_cached": 24_000,
            "cost_usd": "1",
            "saving_usd": "0.216",
        }
    ]


def test_without_a_price_for_cached_tokens_nothing_is_missed() -> None:
    advice = Advice(pricing)
    advice.miss_caches([row("s1", "cheap", ok=3, input=60_000), row("s1", "unknown", ok=3, input=60_000)])
    assert advice.given() == []


def test_repeated_questions_are_told_and_what_saves_most_comes_first() -> None:
    advice = Advice(pricing)
    advice.repeat([Repeated("k1", "fast", "chat", 800, 10, USD), Repeated("k2", "fast", "chat", 900, 20, 2 * USD)])
    advice.repeat([Repeated("k3", "free", "chat", 800, 10, 0)])
    assert [(each["key"], each["requests"], each["saving_usd"]) for each in advice.given()] == [
        ("k2", 20, "1.9"),
        ("k1", 10, "0.9"),
    ]
