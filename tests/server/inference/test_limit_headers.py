"""What the headers of a reply tell of limits."""

from __future__ import annotations

from turnout.core import CountedLimit, LimitLevel
from turnout.errors import AllowanceStoreDown, BudgetSpent, LimitReached
from turnout.server.inference.limit_headers import limit_headers, refusal_headers

NOON = 1_796_126_400.0  # of 2026-12-01
MINUTE = LimitLevel(CountedLimit("limit/key/k/chat/requests/60", "requests", 10, 60), 7)
HOUR = LimitLevel(CountedLimit("limit/tier/gold/k/all/requests/3600", "requests", 1000, 3600), 100)
TOKENS = LimitLevel(CountedLimit("limit/key/k/all/tokens/60", "tokens", 100_000, 60), 90_000)


def test_without_limits_there_are_no_headers() -> None:
    assert limit_headers("openai", [], NOON) == []


def test_every_limit_is_told_and_the_nearest_in_the_vendors_words() -> None:
    assert dict(limit_headers("openai", [MINUTE, HOUR, TOKENS], NOON)) == {
        b"ratelimit-policy": (
            b'"limit/key/k/chat/requests/60";q=10;w=60, "limit/tier/gold/k/all/requests/3600";q=1000;w=3600, '
            b'"limit/key/k/all/tokens/60";q=100000;w=60;qu="tokens"'
        ),
        b"ratelimit": (
            b'"limit/key/k/chat/requests/60";r=7;t=60, "limit/tier/gold/k/all/requests/3600";r=100;t=3600, '
            b'"limit/key/k/all/tokens/60";r=90000;t=60'
        ),
        b"x-ratelimit-limit-requests": b"1000",
        b"x-ratelimit-remaining-requests": b"100",
        b"x-ratelimit-reset-requests": b"3600s",
        b"x-ratelimit-limit-tokens": b"100000",
        b"x-ratelimit-remaining-tokens": b"90000",
        b"x-ratelimit-reset-tokens": b"60s",
    }


def test_anthropics_clients_get_anthropics_headers() -> None:
    headers = dict(limit_headers("anthropic", [MINUTE], NOON))
    assert headers[b"anthropic-ratelimit-requests-limit"] == b"10"
    assert headers[b"anthropic-ratelimit-requests-remaining"] == b"7"
    assert headers[b"anthropic-ratelimit-requests-reset"] == b"2026-12-01T12:01:00Z"
    assert not any(name.startswith(b"x-ratelimit") for name in headers)


def test_a_limit_says_when_to_come_again() -> None:
    error = LimitReached("limit/key/k", "10 a minute", most=10, used=10, needed=1, unit="requests", retry_after=2.1)
    assert refusal_headers(error) == [(b"retry-after", b"3"), (b"ratelimit", b'"limit/key/k";r=0;t=3')]


def test_a_request_that_is_never_let_through_is_not_tried_again() -> None:
    error = LimitReached("limit/key/k", "10 a minute", most=10, used=0, needed=11, unit="tokens", retry_after=None)
    assert refusal_headers(error) == [(b"x-should-retry", b"false")]


def test_a_budget_says_when_it_resets() -> None:
    error = BudgetSpent(
        "budget/key/k/daily",
        "25 USD a day",
        amounts=("24", "0", "2"),
        most=25,
        used=24,
        reserved=0,
        needed=2,
        resets=NOON + 43_200,
        retry_after=43_200,
    )
    assert dict(refusal_headers(error)) == {
        b"retry-after": b"43200",
        b"x-should-retry": b"false",
        b"x-turnout-budget-resets": b"2026-12-02T00:00:00Z",
    }


def test_a_dead_store_may_be_back_soon() -> None:
    assert refusal_headers(AllowanceStoreDown("gone.")) == [(b"retry-after", b"1")]
