"""``turnout prices``."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from tests.cli.support import invoke
from tests.cli.test_replay import fill
from tests.storage.support import attempt
from turnout.core import EndedAttempt, Usage

CONFIG = "discovery: false\nmodels: {fast: {deployments: [{provider: echo, model: fast, price: PRICE}]}}\n"
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


def test_a_period_that_cannot_be_read_is_refused() -> None:
    ended = invoke("prices", "recompute", "--from", "yesterday")
    assert "neither a date" in str(ended.exception)
