"""What providers say of their limits, in the forms that they document."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from turnout.core.quota import Allowance, Quota
from turnout.providers import quota_of

NOW = datetime(2026, 11, 30, 12, 0, 0, tzinfo=UTC).timestamp()


def openai(remaining: str = "59", limit: str = "60", reset: str = "1s") -> dict[str, str]:
    return {
        "x-ratelimit-remaining-requests": remaining,
        "x-ratelimit-limit-requests": limit,
        "x-ratelimit-reset-requests": reset,
    }


def anthropic(of: str, remaining: str, reset: str = "2026-11-30T12:00:30Z") -> dict[str, str]:
    name = f"anthropic-ratelimit-{of}-"
    return {name + "remaining": remaining, name + "limit": "1000", name + "reset": reset}


@pytest.mark.parametrize(
    ("headers", "quota"),
    [
        (openai(), Quota(requests=Allowance(59, 60, 1.0))),
        (
            openai() | {"x-ratelimit-remaining-tokens": "149984", "x-ratelimit-reset-tokens": "6m0s"},
            Quota(requests=Allowance(59, 60, 1.0), tokens=Allowance(149_984, None, 360.0)),
        ),
        (
            anthropic("requests", "4") | anthropic("input-tokens", "5") | anthropic("output-tokens", "6"),
            Quota(
                requests=Allowance(4, 1000, 30.0),
                input_tokens=Allowance(5, 1000, 30.0),
                output_tokens=Allowance(6, 1000, 30.0),
            ),
        ),
        (anthropic("tokens", "7"), Quota(tokens=Allowance(7, 1000, 30.0))),
        ({"x-ratelimit-remaining-requests": "3"}, Quota(requests=Allowance(3))),
        # Azure, where it doesn't know: https://learn.microsoft.com/en-us/answers/questions/5625878
        (openai(remaining="-1", limit="-1", reset="0"), None),
        (openai(remaining="many"), None),
        (openai(remaining="²"), None),
        (openai(limit="9" * 5000), Quota(requests=Allowance(59, None, 1.0))),
        ({"content-type": "application/json", "x-request-id": "a"}, None),
        ({}, None),
    ],
    ids=str,
)
def test_allowances(headers: dict[str, str], quota: Quota | None) -> None:
    assert quota_of(headers, lambda: NOW) == quota


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        ("12ms", 0.012),
        ("1s", 1.0),
        ("7.66s", 7.66),
        ("2m59.56s", 179.56),
        ("6m0s", 360.0),
        ("1h2m3s", 3723.0),
        ("2d", 172_800.0),
        ("23", 23.0),
        ("0", 0.0),
        ("2026-11-30T12:01:00Z", 60.0),
        ("2026-11-30T13:00:00+01:00", 0.0),
        ("2026-11-30T11:00:00Z", 0.0),
        ("soon", None),
        ("", None),
        ("-5", None),
        ("1m1m", None),
        ("inf", None),
    ],
)
def test_times_of_a_reset(reset: str, seconds: float | None) -> None:
    quota = quota_of(openai(reset=reset), lambda: NOW)
    assert quota is not None
    assert quota.requests == Allowance(59, 60, seconds)
