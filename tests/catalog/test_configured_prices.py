"""A price in the file can say all that a provider's price page does."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.catalog.support import make_catalog, only
from turnout.core import Extra, Price, Usage, usd

PRICE = """
models:
  m:
    deployments:
      - provider: openai
        model: x
        api_key: k
        price:
          input: 5
          output: 25
          cached_input: 0.5
          cache_write: 6.25
          cache_write_1h: 10
          reasoning: 30
          audio_input: 40
          above:
            - {tokens: 500000, input: 20}
            - {tokens: 200000, input: 10, output: 37.5}
          tiers: {flex: 0.5, priority: {input: 12.5, output: 75}, batch: {above: [{tokens: 200000, input: 5}]}}
          speeds: {fast: 6}
          regions: {us: 1.1}
          web_searches: 10
          search_requests: 35
          file_searches: 2.5
          code_executions: 30
          requests: 0.4
          image: 0.04
          minute: 0.006
          characters: 15
"""
REQUEST = Decimal("0.0004")


@pytest.fixture(scope="module")
def price(tmp_path_factory: pytest.TempPathFactory) -> Price:
    found = only(make_catalog(tmp_path_factory.mktemp("prices"), PRICE), "m").price
    assert found is not None
    assert found.version == "config"
    return found


@pytest.mark.parametrize(
    ("counts", "extra", "cost"),
    [
        pytest.param({"input": 200_000}, {}, "1", id="input"),
        pytest.param({"input": 200_001}, {}, "2.00001", id="longer"),
        pytest.param({"input": 500_001}, {}, "10.00002", id="longest"),
        pytest.param({"input": 200_001, "cached_input": 200_001}, {}, "0.1000005", id="longer-and-cached"),
        pytest.param({"output": 100_000}, {}, "2.5", id="output"),
        pytest.param({"output": 100_000, "reasoning": 50_000}, {}, "2.75", id="reasoning"),
        pytest.param({"input": 100_000, "audio_input": 50_000}, {}, "2.25", id="audio"),
        pytest.param({"input": 100_000, "cache_write": 100_000}, {}, "0.625", id="write"),
        pytest.param({"input": 100_000, "cache_write": 100_000}, {"cache_write_1h": 40_000}, "0.775", id="write-1h"),
        pytest.param({"input": 100_000, "output": 100_000}, {"service_tier": "flex"}, "1.5", id="flex"),
        pytest.param({"input": 200_001}, {"service_tier": "flex"}, "1.000005", id="flex-longer"),
        pytest.param({"input": 100_000, "output": 100_000}, {"service_tier": "priority"}, "8.75", id="priority"),
        pytest.param({"input": 300_000}, {"service_tier": "priority"}, "3.75", id="priority-has-one-rate"),
        pytest.param({"input": 100_000, "output": 100_000}, {"service_tier": "batch"}, "3", id="batch-as-standard"),
        pytest.param({"input": 300_000}, {"service_tier": "batch"}, "1.5", id="batch-longer"),
        pytest.param({"input": 100_000}, {"speed": "fast"}, "3", id="fast"),
        pytest.param({"input": 100_000, "output": 100_000}, {"region": "us"}, "3.3", id="region"),
        pytest.param({}, {"web_searches": 3}, "0.065", id="web-searches"),
        pytest.param({}, {"file_searches": 3}, "0.0075", id="file-searches"),
        pytest.param({}, {"code_executions": 2}, "0.06", id="code"),
        pytest.param({}, {"images": 2}, "0.08", id="images"),
        pytest.param({}, {"seconds": 90}, "0.009", id="seconds"),
        pytest.param({}, {"characters": 1000}, "0.015", id="characters"),
    ],
)
def test_each_of_its_terms_counts(price: Price, counts: dict[str, Any], extra: dict[str, Any], cost: str) -> None:
    assert Decimal(usd(price.cost(Usage(**counts, extra=Extra(**extra))))) == Decimal(cost) + REQUEST


def test_a_model_that_is_sold_by_piece_has_no_cost_without_such_a_price(tmp_path: Path) -> None:
    catalog = make_catalog(
        tmp_path,
        "models:\n  m:\n    deployments: [{provider: openai, model: x, api_key: k, price: {input: 1, output: 1}}]",
    )
    found = only(catalog, "m").price
    assert found is not None
    assert not found.covers(Usage(extra=Extra(images=1)))
    assert found.covers(Usage(input=1, extra=Extra(images=1)))


def test_what_has_no_price_is_refused_where_the_file_says_so(tmp_path: Path) -> None:
    text = """
unpriced: refuse
models:
  a: {deployments: [{provider: openai, model: x, api_key: k}]}
  b: {unpriced: allow, deployments: [{provider: openai, model: x, api_key: k}]}
"""
    snapshot = make_catalog(tmp_path, text, variables={"OPENAI_API_KEY": "k"}).snapshot
    assert [snapshot.find(name).unpriced for name in ("a", "b", "openai/other")] == ["refuse", "allow", "refuse"]


@pytest.mark.parametrize(
    "price",
    [
        "{input: 1}",
        "{input: -1, output: 1}",
        "{input: 1, output: 1, above: [{input: 1}]}",
        "{input: 1, output: 1, tiers: {flex: half}}",
        "{input: 1, output: 1, tiers: {'Flex Tier': 1}}",
    ],
)
def test_a_mistake_is_found(tmp_path: Path, price: str) -> None:
    text = f"models:\n  m:\n    deployments:\n      - {{provider: openai, model: x, api_key: k, price: {price}}}\n"
    with pytest.raises(Exception, match=r"price"):
        make_catalog(tmp_path, text)
