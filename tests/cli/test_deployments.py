"""``turnout deployments``: the list of a running service, and marks set by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.support import invoke
from tests.support.turnout_server import NOBODY, StartTurnout, TurnoutServer, turnouts
from turnout.cli.deployments.table import print_table, rows_in
from turnout.errors import TurnoutError, UpstreamError

ADMIN = "tk-admin-SECRET"
PAIR = [{"provider": "echo", "model": "one"}, {"provider": "echo", "model": "two"}]
CONFIG = {"discovery": False, "models": {"fast": {"deployments": PAIR}}, "keys": [{"key": ADMIN, "admin": True}]}


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartTurnout]:
    with turnouts(tmp_path_factory.mktemp("served")) as start:
        yield start


@pytest.fixture(scope="module")
def server(start: StartTurnout) -> TurnoutServer:
    return start(CONFIG)


def run(server: TurnoutServer, *words: str) -> str:
    ended = invoke("deployments", "--url", server.url, *words)
    assert ended.exit_code == 0, (ended.output, ended.exception)
    return ended.stdout


def test_a_deployment_is_drained_and_released(server: TurnoutServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TURNOUT_ADMIN_KEY", ADMIN)
    before = run(server)
    assert before.splitlines()[0].split()[:4] == ["Deployment", "Models", "State", "Since"]
    assert "echo/one" in before
    for word, mark, state in (
        ("open", "open", "open"),
        ("close", "closed", "closed"),
        ("drain", "draining", "drained"),
    ):
        assert run(server, word, "echo/one") == f"echo/one: {mark}, by hand\n"
        (line,) = [line for line in run(server).splitlines() if line.startswith("echo/one")]
        assert state in line.split()
        assert "by hand of" in line
    listed = json.loads(run(server, "--json"))["data"]
    assert {row["id"]: (row["mark"] or {}).get("state") for row in listed}["echo/one"] == "draining"
    assert run(server, "release", "echo/one") == "echo/one: its health decides\n"
    assert "by hand" not in run(server)


def test_without_an_admins_key_it_says_how_to_give_one(server: TurnoutServer) -> None:
    refused = invoke("deployments", "--url", server.url).exception
    assert isinstance(refused, TurnoutError)
    assert "status 401" in refused.message
    assert "Put an admin's key into TURNOUT_ADMIN_KEY." in refused.message


def test_the_first_admin_key_is_found_in_the_data_directory(server: TurnoutServer, tmp_path: Path) -> None:
    (tmp_path / "admin.key").write_text(f"{ADMIN}\n")
    assert "echo/one" in run(server, "--data-dir", str(tmp_path))


def test_no_service_is_told() -> None:
    assert isinstance(invoke("deployments", "--url", NOBODY).exception, UpstreamError)


def test_what_is_not_well_is_shown_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    health = {"state": "open", "reason": "it reports errors\u001b[2J", "since": 0, "tried_again": 5, "by_hand": None}
    figures = {"in_flight": 2, "queued": 0, "first_token": 0.5, "per_token": 0.01, "answered": 0.25}
    row = {"id": "openai/m", "models": ["a", "b"], "mark": None, "by_hand": None, "under_way": None}
    print_table(rows_in(json.dumps({"data": [row | {"health": health, "figures": figures}]}).encode()))
    line = capsys.readouterr().out.splitlines()[1]
    assert " ".join(line.split()) == (
        "openai/m a, b open 1970-01-01 00:00:00Z it reports errors[2J 2 0.50 s 10.0 ms 25%"
    )


def test_what_drains_is_shown_with_what_is_under_way(capsys: pytest.CaptureFixture[str]) -> None:
    mark = {"state": "draining", "since": 0, "by": "root"}
    row = {"id": "openai/m", "models": [], "mark": mark, "by_hand": "draining", "under_way": 3}
    print_table(rows_in(json.dumps({"data": [row | {"health": {}, "figures": {}}]}).encode()))
    assert "draining 1970-01-01 00:00:00Z by hand of root, 3 under way" in " ".join(capsys.readouterr().out.split())
