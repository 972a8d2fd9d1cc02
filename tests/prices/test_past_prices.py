"""What a recorded attempt costs by the prices that are known now."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.catalog.support import make_catalog
from tests.storage.support import attempt
from turnout.core import EndedAttempt, Extra, Usage
from turnout.prices import PACKAGE, price_book
from turnout.storage import Rated

TEXT = """
models:
  fast:
    deployments:
      - {provider: openai, model: gpt-4o-mini, price: {input: 3, output: 0}}
      - {provider: openai, model: gpt-4o, api_key: k}
providers:
  vllm: {price: {input: 7, output: 0}}
"""
VERSION = f"{PACKAGE} {price_book().version}"


def micro(year: int, month: int, day: int) -> int:
    return int(datetime(year, month, day, 12, tzinfo=UTC).timestamp()) * 10**6


@pytest.fixture
def rate(tmp_path: Path) -> Any:
    catalog = make_catalog(tmp_path, TEXT, variables={"OPENAI_API_KEY": "k", "ANTHROPIC_API_KEY": "k"})
    return catalog.past_prices().rate


def asked(deployment: str, upstream_model: str, **more: Any) -> EndedAttempt:
    provider = more.pop("provider", "openai")
    fields = {"usage": Usage(input=1000), "deployment": deployment, "provider": provider, **more}
    return attempt("r1", upstream_model=upstream_model, **fields)


GONE = "gone/openai/9"
CASES: dict[str, tuple[EndedAttempt, Rated | None]] = {
    "the deployment's own price": (
        asked("openai/gpt-4o-mini", "gpt-4o-mini"),
        Rated(3_000_000_000, "config"),
    ),
    "the book's": (asked("openai/gpt-4o", "gpt-4o"), Rated(2_500_000_000, VERSION)),
    "a deployment that now leads to another model": (
        asked("openai/gpt-4o-mini", "gpt-4o"),
        Rated(2_500_000_000, VERSION),
    ),
    "a deployment that is gone": (asked(GONE, "gpt-4o"), Rated(2_500_000_000, VERSION)),
    "one that is gone with a price of its own": (asked(GONE, "gpt-4o", cost=9, price_version="config"), None),
    "one that was priced by the API": (asked(GONE, "gpt-4o", cost=9, price_version="api"), None),
    "the provider's price in the configuration": (
        asked(GONE, "any", provider="vllm"),
        Rated(7_000_000_000, "config"),
    ),
    "a server of one's own": (asked(GONE, "any", provider="ollama"), Rated(0, "free")),
    "a model that the book doesn't have": (asked(GONE, "nothing"), None),
    "what the provider tells": (
        asked(GONE, "nothing", usage=Usage(input=1, extra=Extra(told_cost=5))),
        Rated(5, "reported"),
    ),
    "a provider that is not here": (asked(GONE, "gpt-4o", provider="vanished"), None),
    "nothing used": (asked("openai/gpt-4o", "gpt-4o", usage=None), None),
    "an attempt that was lost": (
        EndedAttempt(asked(GONE, "gpt-4o", input_estimate=1000).start, None),
        Rated(2_500_000_000, VERSION),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_an_attempt_is_rated_by(rate: Any, case: str) -> None:
    recorded, expected = CASES[case]
    assert rate(recorded) == expected


def test_the_book_s_price_is_that_of_the_attempt_s_day(rate: Any) -> None:
    """Until 2026-03-13, more than 200,000 tokens cost twice as much."""
    long = Usage(input=300_000)
    days = {
        micro(2026, 3, 12): 300_000 * 6_000_000,
        micro(2026, 3, 13): 300_000 * 3_000_000,
        micro(2026, 2, 1): 300_000 * 6_000_000,
    }
    for served in ("anthropic/claude-sonnet-4-6", GONE):
        found = {
            started: rate(asked(served, "claude-sonnet-4-6", provider="anthropic", usage=long, started=started)).cost
            for started in days
        }
        assert found == days
