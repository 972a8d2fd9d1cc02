"""``turnout replay``: recorded requests by another configuration, without sending any."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

from tests.cli.support import invoke
from tests.library.support import UNPRICED, configured
from tests.storage.support import attempt
from tests.support.turnout_server import NOBODY
from turnout.core import EndedAttempt, Usage
from turnout.storage import LazyDatabase

SECOND = 1_000_000
PRICES = {"dear": {"input": 10, "output": 30}, "good": {"input": 1, "output": 3}}
USAGE = Usage(input=1000, output=100, cached_input=500)


def pair(policy: str, *names: str) -> dict[str, Any]:
    prices = {name: {"price": PRICES[name]} if name in PRICES else {} for name in names}
    deployments = [{"provider": "echo", "model": name, **price} for name, price in prices.items()]
    return {"policy": policy, "price": UNPRICED, "deployments": deployments}


def recorded(
    number: int, name: str, seconds: float, *, ago: float = 60, model: str = "pair", **more: Any
) -> EndedAttempt:
    """An attempt that began ``ago`` seconds ago, at ``echo/name``."""
    fields = {
        "model": model,
        "deployment": f"echo/{name}",
        "provider": "echo",
        "upstream_model": name,
        "started": int((time.time() - ago) * SECOND),
        "first_token": int(seconds / 2 * SECOND),
        "total": int(seconds * SECOND),
        "usage": USAGE,
        "cost": 1_000_000_000,
    }
    return attempt(f"r{number}", 1, **(fields | more))


def fill(*attempts: EndedAttempt) -> None:
    folder = Path("data")
    folder.mkdir()

    async def insert() -> None:
        database = LazyDatabase(folder)
        await (await database.attempts()).insert(attempts)
        await database.close()

    asyncio.run(insert())


def replayed(*words: str) -> dict[str, Any]:
    ended = invoke("replay", "--json", *words)
    assert ended.exit_code == 0, (ended.output, ended.exception)
    told: dict[str, Any] = json.loads(ended.stdout)
    return told


def test_what_would_go_elsewhere_is_told_with_the_difference() -> None:
    fill(*(recorded(number, "dear", 4) for number in range(3)), recorded(9, "good", 2, ago=30))
    configured(NOBODY, {"pair": pair("cheapest", "dear", "good")}, discovery=False)
    told = replayed()
    assert (told["requests"], told["same"], told["not_routed"], told["is_cut"]) == (4, 1, [], False)
    (move,) = told["elsewhere"]
    assert (move["model"], move["origin"], move["target"], move["requests"]) == ("pair", "echo/dear", "echo/good", 3)
    assert (move["priced"], move["cost_before"]) == (3, 3_000_000_000)
    assert move["cost_then"] == 3 * (1000 * 1_000_000 + 100 * 3_000_000)  # nothing is cached there
    assert (move["timed"], move["seconds_before"], move["seconds_then"]) == (3, 12, 6)


def test_the_same_configuration_changes_nothing() -> None:
    fill(*(recorded(number, "dear", 4) for number in range(3)))
    configured(NOBODY, {"pair": pair("order", "dear", "good")}, discovery=False)
    told = replayed()
    assert (told["requests"], told["same"], told["elsewhere"]) == (3, 3, [])


def test_the_times_of_the_ledger_are_what_a_policy_goes_by() -> None:
    """The first requests find out that one is slow, as they did."""
    names, seconds = ("slow", "quick"), (9, 1)
    fill(*(recorded(number, names[number % 2], seconds[number % 2], ago=600 - number) for number in range(200)))
    configured(NOBODY, {"pair": pair("fastest", "slow", "quick")}, discovery=False)
    told = replayed()
    moved = {(move["origin"], move["target"]): move["requests"] for move in told["elsewhere"]}
    assert moved[("echo/slow", "echo/quick")] > 60
    assert moved.get(("echo/quick", "echo/slow"), 0) < 20
    assert replayed() == told  # nothing of it is chance


def test_what_nobody_knows_is_left_open() -> None:
    fill(recorded(1, "dear", 4, cost=None), recorded(2, "dear", 4, outcome="failed", usage=None, cost=None))
    configured(NOBODY, {"pair": pair("order", "new")}, discovery=False)
    (move,) = replayed()["elsewhere"]
    assert (move["requests"], move["priced"], move["timed"]) == (2, 0, 0)


def test_a_model_that_is_gone_goes_nowhere() -> None:
    fill(recorded(1, "dear", 4, model="gone"))
    configured(NOBODY, {"pair": pair("order", "dear")}, discovery=False)
    told = replayed()
    assert told["not_routed"] == [{"model": "gone", "reason": "the model is not served", "requests": 1}]


def test_only_the_period_is_replayed_and_a_renamed_deployment_is_the_same() -> None:
    fill(recorded(1, "dear", 4, ago=7200), recorded(2, "dear", 4, deployment="its former id"))
    configured(NOBODY, {"pair": pair("order", "dear")}, discovery=False)
    told = replayed("--hours", "1")
    assert (told["requests"], told["same"]) == (1, 1)


def test_a_failed_first_attempt_and_its_successor_are_one_request() -> None:
    first = recorded(1, "dear", 1, outcome="failed", usage=None, cost=None)
    second = attempt("r1", 2, model="pair", deployment="echo/good", provider="echo", upstream_model="good",
                     started=first.start.started + SECOND, total=2 * SECOND, usage=USAGE, cost=5)  # fmt: skip
    fill(first, second)
    configured(NOBODY, {"pair": pair("order", "good")}, discovery=False)
    (move,) = replayed()["elsewhere"]
    assert (move["requests"], move["cost_before"], move["seconds_before"]) == (1, 5, 3)


def test_people_get_a_table_and_what_it_cannot_know() -> None:
    others = recorded(9, "good", 2, ago=30), recorded(10, "dear", 1, model="gone")
    fill(*(recorded(number, "dear", 4) for number in range(3)), *others)
    configured(NOBODY, {"pair": pair("cheapest", "dear", "good")}, discovery=False)
    lines = invoke("replay").stdout.splitlines()
    assert lines[0] == "5 requests of the last 24 h: 1 would go where they went, 3 elsewhere, 1 nowhere."
    assert lines[2].split() == ["pair", "echo/dear", "echo/good", "3", "$0.003", "$0.0039", "4.00", "s", "2.00", "s"]
    assert lines[3] == "1 for gone nowhere: the model is not served"
    assert lines[4].startswith("The ledger keeps no bodies.")


def test_a_long_ledger_is_read_to_its_end() -> None:
    """In pages, also where many attempts began in the same moment."""
    started = int((time.time() - 60) * SECOND)
    fill(*(recorded(number, "dear", 4, started=started) for number in range(2001)))
    configured(NOBODY, {"pair": pair("order", "dear")}, discovery=False)
    assert replayed()["requests"] == 2001
