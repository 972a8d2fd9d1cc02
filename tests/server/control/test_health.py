"""What ``GET /health`` tells of the control process, and the form of ``GET /metrics``."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.server.conftest import ADMIN, TEAM
from tests.support.asgi import InProcess, in_process
from turnout.host import RemoteControl
from turnout.routing import Ending

KEY = {"authorization": f"Bearer {TEAM}"}
AS_ADMIN = {"authorization": f"Bearer {ADMIN}"}


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[InProcess]:
    async with in_process(
        tmp_path, {"models": {"echo": "echo/echo"}, "keys": [{"key": TEAM}, {"key": ADMIN, "admin": True}]}
    ) as made:
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
    assert told["since"] <= time.time() + 0.001 < told["tried_again"] < time.time() + 10
    metrics = (await app.ask("GET", "/metrics", headers=KEY)).body.decode()
    assert f'turnout_deployment_state{{deployment="{deployment.id}",state="open",reason="health"}} 1' in metrics
    assert (await app.ask("GET", "/health")).json == {"status": "ok"}


async def told_of(app: InProcess, deployment: str) -> tuple[list[dict[str, Any]], list[str]]:
    """The deployment's rows in the health and its lines in the metrics, without those of its attempts."""
    health = (await app.ask("GET", "/health", headers=KEY)).json
    lines = (await app.ask("GET", "/metrics", headers=KEY)).body.decode().splitlines()
    rows = [row for row in health["parts"]["deployments"] if row["deployment"] == deployment]
    return rows, [line for line in lines if line.startswith("turnout_deployment_") and deployment in line]


@pytest.mark.parametrize("fails", [True, False], ids=["fails", "is-well"])
@pytest.mark.parametrize("mark", ["open", "closed", "draining"])
async def test_health_and_metrics_tell_what_an_admin_has_said(app: InProcess, mark: str, fails: bool) -> None:
    """It counts more than the breaker's state."""
    board, deployment = app.gateway.board, app.gateway.snapshot.find("echo").deployments[0]
    if fails:
        for _ in range(5):
            ticket = board.began(deployment)
            board.ended(deployment, Ending(outcome="failed", total=0.1, fault="failing", ticket=ticket))
    ticket = board.began(deployment)
    board.waiting(deployment, 2)
    body = {"mark": mark}
    since = (await app.ask("PUT", f"/v1/deployments/{deployment.id}", body, AS_ADMIN)).json["mark"]["since"]
    (told,), lines = await told_of(app, deployment.id)
    assert told == {
        "deployment": deployment.id,
        "state": mark,
        "reason": "by hand",
        "since": since,
        "under_way": 3,
    }
    assert lines == [
        f'turnout_deployment_state{{deployment="{deployment.id}",state="{mark}",reason="by_hand"}} 1',
        f'turnout_deployment_marked_timestamp_seconds{{deployment="{deployment.id}"}} {since}',
        f'turnout_deployment_under_way{{deployment="{deployment.id}"}} 3',
    ]
    board.waiting(deployment, 0)
    board.ended(deployment, Ending(outcome="ok", total=0.1, ticket=ticket))
    (told,), lines = await told_of(app, deployment.id)
    state = "drained" if mark == "draining" else mark
    assert (told["state"], told["under_way"]) == (state, 0)
    assert f'state="{state}"' in lines[0]
    listed = (await app.ask("GET", "/v1/deployments", headers=AS_ADMIN)).json["data"]
    (row,) = [row for row in listed if row["id"] == deployment.id]
    assert (row["mark"]["state"], row["by_hand"], row["under_way"]) == (mark, state, 0)
    assert (await app.ask("GET", "/health")).json == {"status": "ok"}
    await app.ask("PUT", f"/v1/deployments/{deployment.id}", {"mark": None}, AS_ADMIN)
    rows, lines = await told_of(app, deployment.id)
    assert len(rows) == len(lines) == fails
