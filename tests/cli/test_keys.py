"""``turnout keys``, ``turnout users``, ``turnout teams`` and ``turnout audit``, of a running service."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from tests.cli.support import invoke
from tests.support.turnout_server import StartTurnout, TurnoutServer, turnouts
from turnout.cli.audit.drawing import change
from turnout.errors import TurnoutError

ADMIN = "tk-admin-SECRET"
CONFIG = {
    "discovery": False,
    "models": {"echo": "echo/echo"},
    "keys": [{"key": ADMIN, "name": "boss", "admin": True, "user": "root"}],
}


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartTurnout]:
    with turnouts(tmp_path_factory.mktemp("served")) as start:
        yield start


@pytest.fixture(scope="module")
def server(start: StartTurnout) -> TurnoutServer:
    return start(CONFIG)


@pytest.fixture(autouse=True)
def as_admin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TURNOUT_ADMIN_KEY", ADMIN)


def run(server: TurnoutServer, what: str, *words: str) -> str:
    ended = invoke(what, "--url", server.url, *words)
    assert ended.exit_code == 0, (ended.output, ended.exception)
    return ended.stdout


def works(server: TurnoutServer, secret: str) -> bool:
    body = {"model": "echo", "messages": [{"role": "user", "content": "hi"}]}
    headers = {"authorization": f"Bearer {secret}"}
    return httpx.post(f"{server.url}/v1/chat/completions", json=body, headers=headers).status_code == 200


def test_a_key_is_made_shown_rotated_and_revoked(server: TurnoutServer) -> None:
    options = ("--name", "batch", "--user", "bob", "--limit", "10/minute", "--limit", "900 tokens/day")
    made = run(server, "keys", "create", *options, "--budget", "daily=1,monthly=20.5", "--metadata", "owner=Bob B")
    (secret,) = made.splitlines()  # alone on standard output
    assert works(server, secret)
    head, boss, batch = run(server, "keys", "list").splitlines()
    assert head.split()[:4] == ["Key", "Name", "Begins", "Status"]
    assert boss.split()[:4] == ["boss", "(file)", "active", "root"]
    assert batch.split()[1:5] == ["batch", secret[:11], "active", "bob"]
    assert "10/minute, 900 tokens/day  daily 1, monthly 20.5" in batch
    shown = json.loads(run(server, "keys", "show", "batch", "--json"))
    assert (shown["metadata"], shown["budget_usd"]["monthly"], "key" in shown) == ({"owner": "Bob B"}, 20.5, False)
    assert secret not in run(server, "keys", "show", secret[:11])
    rotated = run(server, "keys", "rotate", "batch", "--overlap", "600").strip()
    assert [works(server, each) for each in (secret, rotated)] == [True, True]
    assert run(server, "keys", "revoke", "batch") == f"{shown['id']} is revoked.\n"
    assert [works(server, each) for each in (secret, rotated)] == [False, False]
    assert "revoked" in run(server, "keys", "list", "--user", "bob")
    run(server, "keys", "delete", "batch")
    assert len(run(server, "keys", "list", "--user", "bob").splitlines()) == 1


def test_what_a_key_may_do_is_explained(server: TurnoutServer) -> None:
    run(server, "teams", "create", "blue", "--limit", "5/minute", "--operation", "chat")
    run(server, "users", "create", "carol", "--team", "blue", "--model", "ec*")
    run(server, "keys", "create", "--name", "explained", "--user", "carol", "--budget", "3")
    first, operations, models, head, *counted = run(server, "keys", "explain", "explained").splitlines()
    assert first.endswith("user carol, team blue")
    assert (operations, models) == ("Operations: chat", "Models by the user carol: ec*")
    assert head.split() == ["Counted", "Used", "Reserved", "Resets"]
    assert [("3" in counted[0]), "blue" in counted[1]] == [True, True]
    assert "Nothing is counted" in run(server, "keys", "explain", "boss")
    assert [row["id"] for row in json.loads(run(server, "users", "list", "--json"))] == ["carol"]
    assert run(server, "teams", "list").splitlines()[1].split() == ["blue", "api", "-", "5/minute", "-"]
    assert "ec*, other" in run(server, "users", "change", "carol", "--model", "ec*", "--model", "other")
    run(server, "users", "delete", "carol")
    assert json.loads(run(server, "users", "list", "--json")) == []


def test_the_audit_log_shows_what_has_changed(server: TurnoutServer) -> None:
    run(server, "teams", "create", "red", "--limit", "5/minute")
    run(server, "teams", "change", "red", "--limit", "6/minute")
    run(server, "teams", "delete", "red")
    head, *rows = run(server, "audit", "--only", "subject=red").splitlines()
    assert head.split() == ["Time", "Who", "Action", "Kind", "Subject", "Change"]
    assert [row.split()[2:5] for row in rows] == [["boss", action, "team"] for action in ("delete", "change", "create")]
    assert "limits 5/minute → 6/minute" in rows[1]
    told = json.loads(run(server, "audit", "--only", "subject=red", "--limit", "1", "--json"))
    assert [(row["action"], row["after"]) for row in told] == [("delete", None)]


def test_what_makes_no_sense_is_refused(server: TurnoutServer) -> None:
    for words, message in (
        (("keys", "create", "--limit", "often"), "Invalid 'limits.0'"),
        (("keys", "show", "nobody"), "There is no key 'nobody'"),
        (("keys", "revoke", "boss"), "from the configuration"),
        (("users", "create", "a?b"), "'id' has to be a name"),
    ):
        refused = invoke(words[0], "--url", server.url, *words[1:]).exception
        assert isinstance(refused, TurnoutError)
        assert message in refused.message
    for option in (("--budget", "much"), ("--budget", "daily=much"), ("--metadata", "x")):
        assert invoke("keys", "--url", server.url, "create", *option).exit_code == 2


def test_a_change_is_told_in_words() -> None:
    row = {"before": None, "after": {"name": "a", "limits": ["1/day"], "admin": False, "tags": []}}
    assert change(row) == "name a, limits 1/day"
    assert change({"before": row["after"], "after": {"name": "b", "limits": None}}) == "name a → b, limits 1/day → -"
    assert change({"before": None, "after": None}) == ""
