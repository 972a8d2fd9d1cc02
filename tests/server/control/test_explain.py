"""``POST /v1/route/explain``: where a request would go that isn't sent, and why."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.server.conftest import ADMIN, TEAM
from tests.support.asgi import InProcess, in_process
from turnout.routing import Ending

AS_ADMIN = {"authorization": f"Bearer {ADMIN}"}
PRICES = {"one": {"input": 10, "output": 30}, "two": {"input": 1, "output": 3}, "three": {"input": 5, "output": 9}}
DEPLOYMENTS = [
    {"provider": "echo", "model": name, "price": price, "tags": ["eu"] if name != "three" else []}
    for name, price in PRICES.items()
]
MODELS: dict[str, Any] = {"cheap": {"policy": "cheapest", "deployments": DEPLOYMENTS}, "plain": "echo/plain"}
HELLO = [{"role": "user", "content": "hello"}]


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[InProcess]:
    keys = [{"key": ADMIN, "admin": True}, {"key": TEAM}]
    async with in_process(tmp_path, {"models": MODELS, "keys": keys}) as app:
        yield app


async def explain(app: InProcess, body: Any, headers: dict[str, str] | None = None) -> dict[str, Any]:
    answer = await app.ask("POST", "/v1/route/explain", body, AS_ADMIN | (headers or {}))
    assert answer.status == 200, answer.body
    told: dict[str, Any] = answer.json
    return told


async def test_candidates_come_in_order_with_reasons_scores_and_figures_and_nothing_is_sent(app: InProcess) -> None:
    told = await explain(app, {"model": "cheap", "messages": HELLO})
    assert (told["model"], told["policy"], told["dropped"]) == ("cheap", "cheapest", [])
    assert [each["deployment"] for each in told["candidates"]] == ["echo/two", "echo/three", "echo/one"]
    first = told["candidates"][0]
    assert (first["provider"], first["model"], first["health"]["state"]) == ("echo", "two", "closed")
    assert first["reason"]
    assert all(isinstance(score, float) for score in first["scores"].values())
    assert first["scores"]
    assert first["figures"]["answered"] is None  # nobody has asked it


async def test_what_is_dropped_says_why(app: InProcess) -> None:
    told = await explain(app, {"model": "cheap", "messages": HELLO}, {"x-turnout-tags": "eu"})
    assert [each["deployment"] for each in told["candidates"]] == ["echo/two", "echo/one"]
    assert told["dropped"] == [{"deployment": "echo/three", "reason": "it has no tag eu"}]


async def test_health_and_marks_are_in_it(app: InProcess) -> None:
    snapshot, board = app.gateway.snapshot, app.gateway.board
    two = next(each for each in snapshot.find("cheap").deployments if each.model == "two")
    ticket = board.began(two)
    board.ended(two, Ending(outcome="failed", total=1, fault="locked", ticket=ticket))
    await app.ask("PUT", "/v1/deployments/echo/three", {"mark": "draining"}, AS_ADMIN)
    told = await explain(app, {"model": "cheap", "messages": HELLO})
    assert [each["deployment"] for each in told["candidates"]] == ["echo/one", "echo/two"]
    assert told["dropped"] == [{"deployment": "echo/three", "reason": "draining, by hand"}]
    last = told["candidates"][-1]
    assert (last["health"]["state"], last["figures"]["answered"]) == ("open", 0)
    assert last["health"]["reason"] in last["reason"]
    assert last["health"]["tried_again"] > last["health"]["since"]


async def test_an_explanation_is_no_probe(app: InProcess) -> None:
    """The request that follows is the one that finds out."""
    board = app.gateway.board
    (alone,) = app.gateway.snapshot.find("plain").deployments
    board.ended(alone, Ending(outcome="failed", total=1, fault="throttled", retry_after=0, ticket=board.began(alone)))
    for _ in range(2):
        (told,) = (await explain(app, {"model": "plain", "messages": HELLO}))["candidates"]
        assert "tried again" in told["reason"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/messages", {"model": "plain", "max_tokens": 5, "messages": HELLO}),
        ("/v1beta/models/plain:generateContent", {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}),
        ("/v1/embeddings", {"model": "plain", "input": "hello"}),
        ("/api/chat", {"model": "plain", "messages": HELLO}),
    ],
)
async def test_requests_of_any_dialect_are_explained(app: InProcess, path: str, body: Any) -> None:
    told = await explain(app, {"path": path, "body": body})
    assert [each["deployment"] for each in told["candidates"]] == ["echo/plain"]


async def test_a_long_conversation_is_explained(app: InProcess) -> None:
    messages = [{"role": "user", "content": "x" * 500_000}]
    assert (await explain(app, {"model": "plain", "messages": messages}))["candidates"]
    messages = [{"role": "user", "content": "x" * 1_100_000}]
    refused = await app.ask("POST", "/v1/route/explain", {"model": "plain", "messages": messages}, AS_ADMIN)
    assert refused.status == 413


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"path": "/nowhere", "body": {}}, 400, "No model answers at '/nowhere'"),
        ({"path": 5}, 400, "This is no request to explain"),
        ([], 400, "This is no request to explain"),
        ({"path": "/v1/messages", "body": {"messages": HELLO}}, 400, "model"),
        ({"model": "nobody", "messages": HELLO}, 404, "nobody"),
    ],
)
async def test_what_cannot_be_explained_is_told(app: InProcess, body: Any, status: int, told: str) -> None:
    answer = await app.ask("POST", "/v1/route/explain", body, AS_ADMIN)
    assert (answer.status, told in answer.json["error"]["message"]) == (status, True), answer.body


async def test_only_an_admin_may_ask(app: InProcess) -> None:
    headers = {"authorization": f"Bearer {TEAM}"}
    assert (await app.ask("POST", "/v1/route/explain", {"model": "plain", "messages": HELLO}, headers)).status == 403


async def test_the_record_of_a_request_has_its_plan(app: InProcess) -> None:
    headers = AS_ADMIN | {"x-turnout-tags": "eu"}
    sent = await app.ask("POST", "/v1/chat/completions", {"model": "cheap", "messages": HELLO}, headers)
    record = await app.ask("GET", f"/v1/requests/{sent.headers['x-request-id']}", headers=AS_ADMIN)
    plan = record.json["plan"]
    assert [each["deployment"] for each in plan["candidates"]] == ["echo/two", "echo/one"]
    assert plan["candidates"][0]["scores"]["cost"] < plan["candidates"][1]["scores"]["cost"]
    assert plan["candidates"][0]["reason"].startswith("about $")
    assert plan["dropped"] == [{"deployment": "echo/three", "reason": "it has no tag eu"}]
    assert "plan" not in record.json["attempts"][0]


async def test_where_there_is_no_choice_no_plan_is_kept(app: InProcess) -> None:
    sent = await app.ask("POST", "/v1/chat/completions", {"model": "plain", "messages": HELLO}, AS_ADMIN)
    record = await app.ask("GET", f"/v1/requests/{sent.headers['x-request-id']}", headers=AS_ADMIN)
    assert record.json["plan"] is None
