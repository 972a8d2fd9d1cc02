"""Every provider answers what real clients send, in the forms in which they send it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.clients.providers import PROVIDERS, Provider
from tests.clients.refusals import REFUSED
from tests.simulator.raw import Reply, ask
from tests.support.simulator import Simulator
from tests.support.turnout_server import StartTurnout, TurnoutServer

FOLDER = Path(__file__).parent / "requests"
FILES = sorted(FOLDER.glob("*.json"))
KEY = "tk-recorded-0123456789"
BROKEN = re.compile(rb'^event: error|"type": ?"(?:error|response\.failed)"|^(?:data: )?\{"error": ?[^n]', re.MULTILINE)
"""An error, also one inside a stream that began with 200."""


@pytest.fixture(scope="session")
def turnout(simulator: Simulator, start_shared_turnout: StartTurnout) -> TurnoutServer:
    models = {f"at-{p.name}": {"deployments": [p.deployment(simulator.root)]} for p in PROVIDERS}
    return start_shared_turnout({"models": models, "discovery": False, "keys": [{"key": KEY}]})


def requests_of(file: Path, model: str) -> Iterator[tuple[str, dict[str, str], dict[str, Any]]]:
    """Their paths, headers and bodies. They ask for ``model``."""
    for row in json.loads(file.read_bytes()):
        path = re.sub(r"/models/[^:]+:", f"/models/{model}:", row["path"])
        body = row["body"] | ({"model": model} if "model" in row["body"] else {})
        yield path, {**row["headers"], "authorization": f"Bearer {KEY}"}, body


def refusal_of(reply: Reply) -> str:
    """The words of an error; empty for an answer."""
    if reply.status == 200 and not BROKEN.search(reply.body):
        return ""
    return f"{reply.status}: {reply.body.decode()[:400]}"


def row_of(file: Path, provider: Provider) -> str:
    """The pattern of the row for both; empty without one."""
    rows = (words for (name, where), words in REFUSED.items() if file.stem.startswith(name) and where == provider.name)
    return next(rows, "")


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
async def test_what_a_client_sent_is_answered(turnout: TurnoutServer, file: Path, provider: Provider) -> None:
    refused = row_of(file, provider)
    for path, headers, body in requests_of(file, f"at-{provider.name}"):
        refusal = refusal_of(await ask(turnout.url + path, body, headers))
        assert bool(refusal) == bool(refused), refusal
        assert re.search(refused, refusal)


def test_every_client_was_recorded() -> None:
    recorded = {name for file in FILES for name in [file.stem.rpartition("-")[0]]}
    assert {"claude-code", "codex", "gemini-cli", "opencode-openai-compatible", "aider", "llm"} <= recorded


def test_what_was_recorded_has_no_key_and_no_address() -> None:
    text = "".join(file.read_text() for file in FILES)
    assert re.findall(r"tk-of-a-client|sk-[a-z0-9]{8}|[\w.]+@(?!example\.com)[\w-]+\.\w+", text) == []
