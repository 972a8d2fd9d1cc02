"""The team and the model of a request, as the ledger has them: what budgets are of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.asgi import InProcess, in_process

ADMIN, BY_USER, OF_ITS_OWN, ALONE = "tk-admin-SECRET", "tk-by-user-SECRET", "tk-of-its-own-SECRET", "tk-alone-SECRET"
CONFIG = {
    "models": {"fast": "echo/echo", "local:latest": "echo/echo"},
    "aliases": {"gpt": "fast", "mini-*": "fast"},
    "teams": {"blue": {}, "green": {}},
    "users": {"alice": {"team": "blue"}},
    "keys": [
        {"key": ADMIN, "name": "admin", "admin": True},
        {"key": BY_USER, "name": "by-user", "user": "alice"},
        {"key": OF_ITS_OWN, "name": "own", "user": "alice", "team": "green"},
        {"key": ALONE, "name": "alone"},
    ],
}
ASKED = [
    (BY_USER, "fast", "blue", ""),
    (BY_USER, "gpt", "blue", "fast"),
    (OF_ITS_OWN, "mini-1", "green", "fast"),
    (ALONE, "local", "", "local:latest"),
    (ALONE, "local:latest", "", ""),
]
"""A key, the model that it asks for, the team, and the model's own name if that is another one."""


@pytest.fixture(scope="module")
async def app(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[InProcess]:
    async with in_process(tmp_path_factory.mktemp("names"), CONFIG) as app:
        for key, model, _, _ in ASKED:
            await chat(app, key, model)
        async with asyncio.timeout(20):
            while app.gateway.ledger.state().settled < len(ASKED):  # noqa: ASYNC110  # nothing tells of it
                await asyncio.sleep(0.01)
        yield app


async def chat(app: InProcess, key: str, model: str) -> None:
    body = {"model": model, "messages": [{"role": "user", "content": "hi"}]}
    answer = await app.ask("POST", "/v1/chat/completions", body, {"authorization": f"Bearer {key}"})
    assert answer.status == 200, answer.body


async def told(app: InProcess, path: str, query: str = "") -> Any:
    answer = await app.ask("GET", path, headers={"authorization": f"Bearer {ADMIN}"}, query=query)
    assert answer.status == 200, answer.body
    return answer.json


async def test_each_attempt_has_the_team_and_the_model_s_own_name(app: InProcess) -> None:
    listed = (await told(app, "/v1/requests"))["data"]
    records = [(await told(app, f"/v1/requests/{row['request_id']}"))["attempts"][0] for row in reversed(listed)]
    assert [(each["model"], each["team"], each["alias_of"]) for each in records] == [asked[1:] for asked in ASKED]
    assert [row["team"] for row in reversed(listed)] == [team for _, _, team, _ in ASKED]


async def test_usage_is_kept_by_team(app: InProcess) -> None:
    rows = (await told(app, "/v1/usage", "by=team,key"))["data"]
    expected = {("blue", "by-user"): 2, ("green", "own"): 1, ("", "alone"): 2}
    assert {(row["team"], row["key"]): row["requests"] for row in rows} == expected
    only = (await told(app, "/v1/usage", "by=model&team=blue"))["data"]
    assert {row["model"]: row["requests"] for row in only} == {"fast": 1, "gpt": 1}


async def test_requests_are_listed_by_team(app: InProcess) -> None:
    assert [row["model"] for row in (await told(app, "/v1/requests", "team=green"))["data"]] == ["mini-1"]
