"""The example package, installed as a person installs it, and asked over HTTP."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.support.turnout_server import StartTurnout, TurnoutServer

PACKAGE = Path(__file__).parents[2] / "examples/turnout-parrot"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, start_shared_turnout: StartTurnout) -> TurnoutServer:
    """It has the package on its path. Nothing is downloaded: hatchling is here."""
    site = tmp_path_factory.mktemp("site")
    offline = ["--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    subprocess.run([sys.executable, "-m", "pip", "install", *offline, "--target", site, PACKAGE], check=True)
    config = {"models": {"polly": "parrot/grey"}}
    return start_shared_turnout(config, env={"PYTHONPATH": str(site)})


def ask(url: str, **fields: Any) -> Any:
    body = json.dumps(fields).encode() if fields else None
    request = urllib.request.Request(url, body, {"content-type": "application/json"})  # noqa: S310  # our own server
    with urllib.request.urlopen(request, timeout=30) as reply:  # noqa: S310
        return reply.read().decode()


def test_its_provider_is_served(server: TurnoutServer) -> None:
    listed = {row["id"] for row in json.loads(ask(f"{server.openai_url}/models"))["data"]}
    assert {"parrot", "polly", "echo"} <= listed
    hello = [{"role": "user", "content": "I say hello Polly"}]
    for model in ("polly", "parrot"):
        reply = json.loads(ask(f"{server.openai_url}/chat/completions", model=model, messages=hello))
        assert reply["choices"][0]["message"]["content"] == "hello Polly! hello Polly!"


def test_it_streams(server: TurnoutServer) -> None:
    hello = [{"role": "user", "content": "hello Polly"}]
    stream = ask(f"{server.url}/v1/messages", model="polly", max_tokens=9, messages=hello, stream=True)
    data = [json.loads(line.removeprefix("data: ")) for line in stream.splitlines() if line.startswith("data: ")]
    said = [event["delta"]["text"] for event in data if event["type"] == "content_block_delta"]
    assert said == ["hello Polly! ", "hello Polly!"]


def test_its_author_runs_turnouts_contract(tmp_path: Path) -> None:
    folder = shutil.copytree(PACKAGE, tmp_path / "parrot")  # where no settings of ours are found
    environ = os.environ | {"PYTHONPATH": str(folder / "src")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:schemathesis", "-p", "no:langsmith_plugin"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=environ)
    assert ran.returncode == 0, ran.stdout
    assert "22 passed" in ran.stdout
