"""`turnout serve`: its first words, and the key that it makes where nobody could get in."""

from __future__ import annotations

import http.client
import json
from pathlib import Path

import pytest

from tests.catalog.support import make_catalog
from tests.cli.support import run
from tests.cli.terminal import CTRL_C, terminal
from tests.library.support import written
from tests.support.process import free_port
from tests.support.turnout_server import COMMAND, StartTurnout, TurnoutServer
from turnout.cli.serve.greeting import greet, greeting, url_of
from turnout.config import CommandLine
from turnout.gateway import GatewaySetup

EVERYWHERE = ("--host", "0.0.0.0")  # noqa: S104  # others reach it for the seconds of a test
SECRET = "tk-SECRET-0123456789"


def status(server: TurnoutServer, key: str | None) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request("GET", "/v1/models", headers={"authorization": f"Bearer {key}"} if key else {})
        return connection.getresponse().status
    finally:
        connection.close()


def test_the_first_key_opens_every_worker_and_every_later_start(start_turnout: StartTurnout) -> None:
    server = start_turnout({}, args=[*EVERYWHERE, "--workers", "2"])
    file = server.data_dir / "admin.key"
    key = file.read_text().strip()
    assert (file.stat().st_mode & 0o777, status(server, None)) == (0o600, 401)
    assert {status(server, key) for _ in range(8)} == {200}
    events = [line["event"] for line in map(json.loads, server.log().splitlines()) if line["level"] == "warning"]
    assert [event for event in events if str(file) in event and f"curl {server.url}/v1/models" in event]
    assert key not in server.log()
    server.stop()
    again = start_turnout({}, args=EVERYWHERE, folder=server.folder)
    assert status(again, key) == 200
    assert key not in again.log()


def test_every_line_of_the_log_is_one_of_ours(start_turnout: StartTurnout) -> None:
    """Warnings and errors of the libraries too: JSON with an event, a level and a time."""
    server = start_turnout({"keys": [{"key": SECRET, "budget_usd": 5}], "models": {"a": "openai/x"}})
    status(server, None)
    server.stop()
    lines = [json.loads(line) for line in server.log().splitlines()]
    assert all({"event", "level", "timestamp"} <= line.keys() for line in lines)
    events = [line["event"] for line in lines if line["level"] == "warning"]
    assert sum("holds secrets" in event for event in events) == 1
    assert SECRET not in server.log()


def test_a_terminal_is_told_what_to_do_next() -> None:
    port = free_port()
    with terminal(COMMAND, "serve", "--port", str(port)) as shown:
        shown.wait_for(f"Turnout serves on http://127.0.0.1:{port}. To try it")
        shown.wait_for(f"curl http://127.0.0.1:{port}/v1/chat/completions")
        shown.wait_for("Ctrl-C ends it.")
        shown.type(CTRL_C)
        shown.leave()


def test_the_greeting_names_what_was_found_and_shows_no_key(tmp_path: Path) -> None:
    text = f"models: {{fast: openai/x}}\nkeys: [{{key: {SECRET}}}]"
    catalog = make_catalog(tmp_path, text, variables={"OPENAI_API_KEY": "sk-SECRET"})
    json_type, key = "-H 'content-type: application/json'", '-H "authorization: Bearer $KEY"'
    keys = "Keys found for OpenAI (OPENAI_API_KEY). Looked for on this machine: Ollama, vLLM."
    assert [*greeting(catalog, "http://127.0.0.1:1")] == [
        "",
        "Turnout serves on http://127.0.0.1:1. To try it, paste this into another terminal:",
        "",
        f"  curl http://127.0.0.1:1/v1/chat/completions {json_type} {key} \\",
        """    -d '{"model": "fast", "messages": [{"role": "user", "content": "Hello, Turnout"}]}'""",
        "",
        f"{keys} `turnout models` lists all that is served.",
        f"Ledger: {Path(catalog.settings.data_dir).absolute()}. API: http://127.0.0.1:1/docs. "
        "The log follows; Ctrl-C ends it.",
        "",
    ]


def test_the_greeting_of_a_server_without_keys(tmp_path: Path) -> None:
    catalog = make_catalog(tmp_path, "models: {fast: openai/x}\ndiscovery: false")
    output = "\n".join(greeting(catalog, "http://127.0.0.1:1"))
    assert "authorization" not in output
    assert "No provider's key was found. `turnout models` lists all" in output


@pytest.mark.parametrize(
    ("host", "url"),
    [("0.0.0.0", "http://127.0.0.1:1"), ("::", "http://[::1]:1"), ("::1", "http://[::1]:1"), ("gw", "http://gw:1")],  # noqa: S104
)
def test_where_a_client_finds_it(host: str, url: str) -> None:
    assert url_of(host, 1) == url


def test_too_many_workers_are_refused_before_anything_starts() -> None:
    ended = run("serve", "--workers", "5000", "--port", str(free_port()))
    assert ended.returncode == 2
    assert "256" in ended.stderr
    ended = run("serve", "--config", written("many.yaml", "server: {workers: 5000}"))
    assert (ended.returncode, ended.stderr) == (
        2,
        "turnout: many.yaml:1: server.workers: expected a whole number from 1 to 256\n",
    )


def test_a_database_of_an_unknown_kind_ends_it_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://me:SECRET@host/db")
    ended = run("serve", "--port", str(free_port()))
    assert ended.returncode == 2
    assert ended.stderr.startswith("turnout: DATABASE_URL: 'mysql' is not supported. Use postgresql://")
    assert "SECRET" not in ended.stderr


def test_a_folder_that_is_none_is_told_with_the_cure(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "file"
    file.touch()
    greet(GatewaySetup(CommandLine(data_dir=str(file))), "127.0.0.1", 1)
    assert [line for line in caplog.messages if str(file) in line and "Give another one with --data-dir" in line]


def test_a_host_that_cannot_be_listened_on_is_told_with_where_it_is_from(monkeypatch: pytest.MonkeyPatch) -> None:
    host = "192.0.2.1"  # RFC 5737: nobody's
    monkeypatch.setenv("HOST", host)
    source = "The environment variable HOST says so. "
    for options, origin in (((), source), (("--host", host), "")):
        ended = run("serve", "--config", written("quiet.yaml", "auth: {required: false}\ndiscovery: false"), *options)
        assert ended.returncode == 2
        assert ended.stderr.startswith(f"turnout: Can't listen on {host}:")
        assert ended.stderr.endswith(f"Cannot assign requested address. {origin}Choose another with --host.\n")
