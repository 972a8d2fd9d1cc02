"""``turnout explain``: where a request would go, by the running service or by the configuration alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.support import invoke, run
from tests.library.support import UNPRICED, configured
from tests.support.turnout_server import NOBODY, StartTurnout
from turnout.errors import UnknownModel

PAIR: dict[str, Any] = {
    "policy": "cheapest",
    "price": UNPRICED,
    "deployments": [
        {"provider": "echo", "model": "dear", "price": {"input": 10, "output": 30}},
        {"provider": "echo", "model": "good", "price": {"input": 1, "output": 3}},
    ],
}


@pytest.fixture(autouse=True)
def _models() -> None:
    """Nobody serves them at the port."""
    configured(NOBODY, {"pair": PAIR}, server={"port": 9}, discovery=False)


def test_without_a_service_it_explains_by_the_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    told = invoke("explain", "-m", "pair", "Hello")
    lines = told.stdout.splitlines()
    assert lines[0] == "pair, by the policy 'cheapest'"
    assert [line.split()[:2] for line in lines[2:4]] == [["1", "echo/good"], ["2", "echo/dear"]]
    assert "No Turnout answers at http://127.0.0.1:9" in told.stderr


def test_json_has_the_whole_explanation() -> None:
    told = json.loads(invoke("explain", "-m", "pair", "Hello", "--json").stdout)
    assert [each["deployment"] for each in told["candidates"]] == ["echo/good", "echo/dear"]
    assert all(each["scores"] for each in told["candidates"])


def test_a_request_comes_from_a_file_or_a_pipe() -> None:
    body = json.dumps({"model": "pair", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]})
    Path("request.json").write_text(body)
    by_file = invoke("explain", "request.json", "--path", "/v1/messages").stdout
    assert by_file.startswith("pair, by")
    assert run("explain", stdin=body).stdout == by_file


@pytest.mark.parametrize(
    ("words", "told"), [(("nowhere",), "nowhere: No such file"), (("bad.json",), "This is not JSON")]
)
def test_what_is_no_request_is_told(words: tuple[str, ...], told: str) -> None:
    Path("bad.json").write_text("{")
    ended = invoke("explain", *words)
    assert (ended.exit_code, told in ended.output) == (2, True)


def test_an_unknown_model_is_told() -> None:
    assert isinstance(invoke("explain", "-m", "piar", "hi").exception, UnknownModel)


def test_the_running_service_is_asked(start_turnout: StartTurnout) -> None:
    """It knows what the configuration does not: marks, health and figures."""
    server = start_turnout({"discovery": False, "models": {"pair": PAIR | {"price": {"input": 0, "output": 0}}}})
    configured(NOBODY, {"pair": PAIR}, server={"port": server.port}, discovery=False)
    assert invoke("deployments", "drain", "echo/good").exit_code == 0
    told = invoke("explain", "-m", "pair", "Hello")
    assert "not echo/good: draining, by hand" in told.stdout
    assert told.stderr == ""
