"""Deployments: their list for an admin, and what it says of them by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.server.conftest import ADMIN, TEAM
from tests.support.asgi import InProcess, in_process
from tests.support.turnout_server import NO_LOCAL_SERVERS, NOBODY

AS_ADMIN = {"authorization": f"Bearer {ADMIN}"}
MODELS: dict[str, Any] = {
    "fast": {"deployments": [{"provider": "echo", "model": "one"}, {"provider": "echo", "model": "two"}]},
    "alone": "echo/alone",
}


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[InProcess]:
    keys = [{"key": ADMIN, "user": "root", "admin": True}, {"key": TEAM}]
    nowhere = {"OPENAI_API_KEY": "sk-1", "OPENAI_BASE_URL": NOBODY, **NO_LOCAL_SERVERS}
    async with in_process(tmp_path, {"models": MODELS, "keys": keys, "discovery": True}, **nowhere) as app:
        yield app


async def rows(app: InProcess) -> dict[str, dict[str, Any]]:
    answer = await app.ask("GET", "/v1/deployments", headers=AS_ADMIN)
    assert answer.status == 200
    return {row["id"]: row for row in answer.json["data"]}


async def mark(app: InProcess, id_: str, state: str | None) -> dict[str, Any]:
    answer = await app.ask("PUT", f"/v1/deployments/{id_}", {"mark": state}, AS_ADMIN)
    assert answer.status == 200, answer.body
    told: dict[str, Any] = answer.json
    return told


async def ask(app: InProcess, model: str) -> tuple[int, str]:
    body = {"model": model, "messages": [{"role": "user", "content": "hi"}]}
    answer = await app.ask("POST", "/v1/chat/completions", body, AS_ADMIN)
    return answer.status, answer.headers.get("x-turnout-deployment", answer.body.decode())


async def test_the_list_has_all_with_their_models_and_figures(app: InProcess) -> None:
    before = await rows(app)
    assert [id_ for id_ in before if "echo/o" in id_ or "echo/t" in id_] == ["echo/one", "echo/two"]
    await ask(app, "fast")
    row = (await rows(app))["echo/one"]
    assert (row["provider"], row["model"], row["models"], row["mark"]) == ("echo", "one", ["fast"], None)
    assert row["health"] == {"state": "closed", "reason": None, "since": None, "tried_again": None, "by_hand": None}
    assert before["echo/one"]["figures"]["answered"] is None
    assert (row["figures"]["in_flight"], row["figures"]["answered"], row["figures"]["output"]) == (0, 1, 1)


@pytest.mark.parametrize("state", ["open", "draining"])
async def test_what_is_opened_or_drained_gets_no_requests_until_its_mark_is_gone(app: InProcess, state: str) -> None:
    told = await mark(app, "echo/one", state)
    assert (told["mark"]["state"], told["mark"]["by"], told["marks_problem"]) == (state, "root", None)
    row = (await rows(app))["echo/one"]
    assert (row["mark"], row["health"]["by_hand"]) == (told["mark"], state)
    assert await ask(app, "fast") == (200, "echo/two")
    assert (await mark(app, "echo/one", None))["mark"] is None
    assert await ask(app, "fast") == (200, "echo/one")


async def test_a_model_of_which_all_deployments_drain_says_so(app: InProcess) -> None:
    await mark(app, "echo/alone", "draining")
    status, told = await ask(app, "alone")
    assert (status, "echo/alone" in told, "draining, by hand" in told) == (503, True, True)


async def test_a_name_that_nobody_configured_can_be_marked(app: InProcess) -> None:
    await mark(app, "openai/direct", "open")
    assert (await ask(app, "openai/direct"))[0] == 503
    row = (await rows(app))["openai/direct"]
    assert (row["models"], row["health"]["by_hand"]) == ([], "open")


@pytest.mark.parametrize(
    ("path", "body", "status", "told"),
    [
        ("nobody/knows", {"mark": "open"}, 404, "There is no deployment 'nobody/knows'"),
        ("echo/one", {"mark": "half_open"}, 400, "Invalid 'mark'"),
        ("echo/one", {}, 400, "Invalid 'mark'"),
        ("echo/one", {"mark": None, "for": 5}, 400, "Invalid 'for'"),
    ],
)
async def test_what_is_no_mark_is_refused(app: InProcess, path: str, body: Any, status: int, told: str) -> None:
    answer = await app.ask("PUT", f"/v1/deployments/{path}", body, AS_ADMIN)
    assert (answer.status, told in answer.json["error"]["message"]) == (status, True), answer.body


async def test_a_mark_of_what_is_gone_can_be_taken_away(app: InProcess) -> None:
    assert (await mark(app, "nobody/knows", None))["mark"] is None


async def test_only_an_admin_may(app: InProcess) -> None:
    as_team = {"authorization": f"Bearer {TEAM}"}
    assert (await app.ask("GET", "/v1/deployments", headers=as_team)).status == 403
    assert (await app.ask("PUT", "/v1/deployments/echo/one", {"mark": "open"}, as_team)).status == 403
    assert await ask(app, "fast") == (200, "echo/one")
