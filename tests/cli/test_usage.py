"""``turnout usage`` and ``turnout ledger``: of a running service that has answered."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from tests.cli.support import invoke
from tests.support.turnout_server import StartTurnout, TurnoutServer, turnouts
from turnout.cli.usage.drawing import bar, draw_advice, draw_usage, line
from turnout.errors import TurnoutError

ADMIN = "tk-admin-SECRET"
PRICE = {"input": 1000, "output": 3000}
DEPLOYMENTS = [{"provider": "echo", "model": "echo", "price": PRICE}]
CONFIG = {
    "discovery": False,
    "models": {"fast": {"deployments": DEPLOYMENTS}, "free": "echo/free"},
    "keys": [{"key": ADMIN, "admin": True, "user": "root"}],
}
REQUESTS = ("fast", "fast", "fast", "free")


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartTurnout]:
    with turnouts(tmp_path_factory.mktemp("served")) as start:
        yield start


@pytest.fixture(scope="module")
def server(start: StartTurnout) -> TurnoutServer:
    """It has settled ``REQUESTS``: a stopped server settles everything."""
    first = start(CONFIG)
    for model in REQUESTS:
        body = {"model": model, "messages": [{"role": "user", "content": "one two three"}]}
        headers = {"authorization": f"Bearer {ADMIN}"}
        assert httpx.post(f"{first.url}/v1/chat/completions", json=body, headers=headers).status_code == 200
    first.stop()
    return start(CONFIG, folder=first.folder)


@pytest.fixture(autouse=True)
def as_admin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TURNOUT_ADMIN_KEY", ADMIN)


def run(server: TurnoutServer, *words: str) -> str:
    ended = invoke("usage", "--url", server.url, *words)
    assert ended.exit_code == 0, (ended.output, ended.exception)
    return ended.stdout


def test_usage_is_drawn_with_a_bar_for_each_cost(server: TurnoutServer) -> None:
    first, head, fast, free = run(server).splitlines()
    assert "4 requests" in first
    assert head.split() == ["Model", "Requests", "Errors", "Input", "Cached", "Output", "Cost"]
    assert (fast.split()[:3], fast.split()[-1]) == (["fast", "3", "0.0%"], "█" * 20)
    assert (free.split()[:2], free.split()[-1]) == (["free", "1"], "$0.0000")


def test_usage_is_filtered_and_printed_as_csv_and_json(server: TurnoutServer) -> None:
    table = list(csv.DictReader(io.StringIO(run(server, "--by", "model,day", "--csv"))))
    assert [(row["model"], row["requests"]) for row in table] == [("fast", "3"), ("free", "1")]
    told = json.loads(run(server, "--by", "key", "--only", "model=fast", "--json"))
    assert [(row["key"], row["requests"]) for row in told["data"]] == [("key-1", 3)]


def test_performance_and_the_forecast_are_shown(server: TurnoutServer) -> None:
    head, *rows = run(server, "performance").splitlines()
    assert head.split()[:2] == ["Deployment", "Attempts"]
    assert {row.split()[0]: row.split()[1] for row in rows} == {"echo/echo": "3", "echo/free": "1"}
    assert "no whole day before today" in run(server, "forecast")
    assert json.loads(run(server, "forecast", "--period", "day", "--json"))["days"] == 0
    assert run(server, "advice") == "Nothing that was recorded shows how to spend less.\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [(("--by", "colour"), "Usage is not kept by 'colour'"), (("--from", "soon"), "neither a date")],
)
def test_a_question_that_makes_no_sense_is_refused(server: TurnoutServer, words: tuple[str, ...], message: str) -> None:
    refused = invoke("usage", "--url", server.url, *words).exception
    assert isinstance(refused, TurnoutError)
    assert message in refused.message


def test_a_filter_has_a_name_and_a_value(server: TurnoutServer) -> None:
    refused = invoke("usage", "--url", server.url, "--only", "fast")
    assert (refused.exit_code, "'fast' is not NAME=VALUE" in refused.output) == (2, True)


def test_the_sums_are_compared_and_made_again_while_the_service_runs(server: TurnoutServer) -> None:
    where = ("--config", str(server.config_path), "--data-dir", str(server.data_dir))
    compared = invoke("ledger", "verify", *where)
    assert (compared.exit_code, compared.stdout) == (0, "1 hours and 1 days compared: 0 sums differ.\n")
    assert invoke("ledger", "rebuild", *where).stdout == "The sums of 1 hours were made again.\n"
    assert invoke("ledger", "verify", *where).exit_code == 0


def test_a_sum_that_differs_is_named(tmp_path: Path) -> None:
    assert invoke("ledger", "verify", "--data-dir", str(tmp_path)).exit_code == 0
    with sqlite3.connect(tmp_path / "turnout.db") as connection:
        connection.execute("INSERT INTO usage_days (day, group_id, requests) VALUES (20000, 1, 5)")
    compared = invoke("ledger", "verify", "--data-dir", str(tmp_path))
    assert (compared.exit_code, compared.stdout.splitlines()[0:2]) == (
        1,
        ["0 hours and 1 days compared: 1 sums differ.", "  2024-10-04"],
    )


def test_bars_and_lines_grow_with_their_values() -> None:
    values = [Decimal(0), Decimal("0.5"), Decimal(1)]
    assert [bar(value, Decimal(1)) for value in values] == ["", "█" * 10, "█" * 20]
    assert bar(Decimal("0.51"), Decimal(1)) == "█" * 10 + "▏"
    assert (line(values), line([Decimal(0)])) == ("▁▄█", "▁")


def test_advice_is_told_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    repeated = {"kind": "repeated_question", "key": "k1", "model": "fast\x1b[2J", "operation": "chat", "requests": 20}
    draw_advice([repeated | {"input": 900, "cost_usd": "2", "saving_usd": "1.9"}])
    assert capsys.readouterr().out == (
        "$1.90 less. k1 asked fast[2J (chat) 20 times with exactly 900 tokens, for $2. If these are the same question, "
        "its answer could be kept.\n"
    )


def test_days_are_drawn_as_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    total = {"requests": 3, "tokens": {"total": 9}, "cost_usd": "3", "unpriced": {"attempts": 2, "tokens": 9}}
    answer = {"from": "a", "to": "b", "data": [], "total": total, "complete": True}
    days = [{"day": f"2026-11-0{number}", "cost_usd": str(number)} for number in (1, 2)]
    draw_usage(answer, {"data": days}, ["model"])
    first, second = capsys.readouterr().out.splitlines()
    assert first == "a to b: 3 requests, 9 tokens, $3.0000, and 9 tokens of 2 attempts without a price (?)"
    assert second == "2026-11-01 ▄█ 2026-11-02, $2.00 on the dearest day"
