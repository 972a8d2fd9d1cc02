"""``turnout prices``."""

from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.support import invoke
from tests.cli.test_replay import fill
from tests.storage.support import attempt
from turnout.core import EndedAttempt, Usage
from turnout.prices import PriceBook, price_book
from turnout.prices.book import DatedTariff, Match, PricedModel, Source

CONFIG = "discovery: false\nmodels: {fast: {deployments: [{provider: echo, model: fast, price: PRICE}]}}\n"
CHEAP = PricedModel(Match(starts_with="cheap"), (DatedTariff(input=10**6),))
NOW = int(time.time()) * 10**6
TODAY = ("--from", time.strftime("%Y-%m-%d", time.gmtime(time.time() - 3 * 86_400)))


def configure(price: str) -> None:
    Path("turnout.yaml").write_text(CONFIG.replace("PRICE", price))


def asked(request_id: str, model: str = "fast", **more: Any) -> EndedAttempt:
    fields: dict[str, Any] = {
        "provider": "echo",
        "upstream_model": model,
        "deployment": f"echo/{model}",
        "started": NOW - 10**8,
    }
    return attempt(request_id, model=model, usage=Usage(input=10, output=1), **(fields | more))


def run(*words: str) -> str:
    ended = invoke("prices", *words)
    assert ended.exit_code == 0, (ended.output, ended.exception)
    return ended.stdout


def rows(text: str) -> dict[str, list[str]]:
    return {line.split()[0]: line.split()[1:] for line in text.splitlines()[1:] if line[0] != "N"}


def test_a_period_is_rated_again_and_the_sums_are_shown() -> None:
    configure("{input: 2, output: 4}")
    fill(asked("r1", cost=5_000_000, price_version="config"), asked("r2"), asked("r3", "lone", provider="gone"))
    expected = {
        "fast": ["2", "2", "1", "0", "$0.000005", "$0.000048"],
        "lone": ["1", "0", "0", "1", "$0", "$0"],
        "Together": ["3", "2", "1", "1", "$0.000005", "$0.000048"],
    }
    looked = run("recompute", *TODAY, "--dry-run")
    assert rows(looked) == expected
    assert looked.endswith("Nothing was changed.\n")
    assert rows(run("recompute", *TODAY, "--model", "lone")).keys() == {"lone", "Together"}
    assert rows(run("recompute", *TODAY)) == expected
    again: list[dict[str, Any]] = json.loads(run("recompute", *TODAY, "--json"))
    assert {row["model"]: (row["changed"], row["before"]) for row in again} == {"fast": (0, 48_000_000), "lone": (0, 0)}
    assert "0 sums differ" in invoke("ledger", "verify").stdout
    with sqlite3.connect("data/turnout.db") as connection:  # the dry run and what changed nothing left no entry
        audited = list(connection.execute("SELECT who, action, kind, before, after FROM audit ORDER BY number"))
    assert audited == [
        ("cli", "recompute", "prices", None, None),
        ("cli", "recomputed", "prices", '{"usd":{"fast":"0.000005"}}', '{"usd":{"fast":"0.000048"}}'),
    ]


def test_a_period_that_cannot_be_read_is_refused() -> None:
    ended = invoke("prices", "recompute", "--from", "yesterday")
    assert "neither a date" in str(ended.exception)


class TestBooks:
    def test_versions_are_listed_compared_and_taken(self, monkeypatch: pytest.MonkeyPatch) -> None:
        shipped = price_book()
        cheaper = PriceBook("0.0.1+2020-01-01", {**shipped.sources, "openai": Source((CHEAP,))})
        assert run() == (
            f"No version was taken yet: the first start takes {shipped.version}, which ships with this Turnout.\n"
        )
        with monkeypatch.context() as older:
            older.setattr("turnout.cli.prices.books.price_book", lambda: cheaper)
            assert run("take") == "The price book 0.0.1+2020-01-01 counts now.\n"
        head, *others = run("diff").splitlines()
        assert head.startswith(f"0.0.1+2020-01-01 → {shipped.version}: ")
        assert any(line.split()[:3] == ["openai", "cheap*", "removed:"] for line in others)
        assert "`turnout prices diff` shows what it changes" in run()
        run("take")
        run("take")
        first, *rest = run().splitlines()[1:]
        assert (first.split()[0], first.split()[-1]) == (shipped.version, "counts")
        assert [line.split()[0] for line in rest] == ["0.0.1+2020-01-01"]
        assert "cheap*" in run("diff", "0.0.1+2020-01-01")
        run("take", "0.0.1+2020-01-01")
        assert [row["version"] for row in json.loads(run("--json"))] == [
            "0.0.1+2020-01-01",
            shipped.version,
            "0.0.1+2020-01-01",
        ]
        assert json.loads(run("openai/cheap", "--json"))[0]["price"]["input"] == "1"

    def test_a_version_that_was_never_taken_is_refused(self) -> None:
        for word in ("take", "diff"):
            assert "was never taken here" in str(invoke("prices", word, "9").exception)


class TestRates:
    def test_those_of_each_deployment_of_a_served_model(self) -> None:
        configure("{input: 2, output: 4, cached_input: 0.5}")
        first, _, *lines = run("fast").splitlines()
        assert first == "echo/fast, by config"
        assert [line.split() for line in lines] == [["input", "2"], ["output", "4"], ["cached_input", "0.5"]]

    def test_else_those_of_the_book(self) -> None:
        found = json.loads(run("gpt-4o-mini", "--json"))
        assert ("openai/gpt-4o-mini", "0.15") in [(row["place"], row["price"]["input"]) for row in found]
        assert [row["place"] for row in json.loads(run("openai/gpt-4o-mini", "--json"))] == ["openai/gpt-4o-mini"]

    def test_a_deployment_without_a_price_says_so(self) -> None:
        Path("turnout.yaml").write_text(
            "models: {odd: {deployments: [{provider: compatible, model: odd, base_url: 'http://x.test'}]}}"
        )
        assert run("odd") == "compatible/odd: no price is known\n"

    def test_a_model_that_nobody_knows_is_refused(self) -> None:
        assert "Nothing that is called 'nothing'" in str(invoke("prices", "nothing").exception)
