"""What ``GET /health`` tells of the control process, and the form of ``GET /metrics``."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.server.conftest import TEAM
from tests.support.asgi import InProcess, in_process
from turnout.host import RemoteControl
from turnout.routing import Ending

KEY = {"authorization": f"Bearer {TEAM}"}


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[InProcess]:
    async with in_process(tmp_path, {"models": {"echo": "echo/echo"}, "keys": [{"key": TEAM}]}) as made:
        yield made


async def test_one_process_is_the_control_process_itself(app: InProcess) -> None:
    health = (await app.ask("GET", "/health", headers=KEY)).json
    control = health["parts"]["control"]
    assert (health["status"], control["ok"], control["pid"], control["error"]) == ("ok", True, os.getpid(), None)
    assert health["uptime_seconds"] >= 0
    assert control["started"] > 1_700_000_000


async def test_the_service_is_degraded_without_the_control_process_and_says_why(app: InProcess, tmp_path: Path) -> None:
    app.gateway.control = RemoteControl(tmp_path / "nobody")
    health = (await app.ask("GET", "/health", headers=KEY)).json
    control = health["parts"]["control"]
    assert (health["status"], control["ok"], control["pid"], control["started"]) == ("degraded", False, None, None)
    assert "isn't there" in control["error"]
    assert (await app.ask("GET", "/health")).json == {"status": "degraded"}


async def test_metrics_say_in_which_form_they_are(app: InProcess) -> None:
    """Prometheus takes no answer without the version of its format."""
    answer = await app.ask("GET", "/metrics", headers=KEY)
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert b"# TYPE turnout_in_flight gauge\n" in answer.body


async def test_health_and_metrics_tell_which_deployments_are_left_alone_and_why(app: InProcess) -> None:
    assert (await app.ask("GET", "/health", headers=KEY)).json["parts"]["deployments"] == []
    board, deployment = app.gateway.board, app.gateway.snapshot.find("echo").deployments[0]
    for _ in range(5):
        ticket = board.began(deployment)
        board.ended(deployment, Ending(outcome="failed", total=0.1, fault="failing", ticket=ticket))
    health = (await app.ask("GET", "/health", headers=KEY)).json
    (told,) = health["parts"]["deployments"]
    assert (told["deployment"], told["state"]) == (deployment.id, "open")
    assert told["reason"] == "it reports errors, 5 times in a row"
    assert told["since"] <= time.time() < told["tried_again"] < time.time() + 10
    metrics = (await app.ask("GET", "/metrics", headers=KEY)).body.decode()
    assert f'turnout_deployment_state{{deployment="{deployment.id}",state="open"}} 1' in metrics
    assert (await app.ask("GET", "/health")).json == {"status": "ok"}
