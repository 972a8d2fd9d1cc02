"""What the control plane tells of models and of kept responses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.asgi import Answer, InProcess, in_process

TWO_PLACES = {
    "deployments": [
        {"provider": "openai", "model": "gpt-4o", "api_key": "sk-one", "traits": {"context": 9000, "max_output": 50}},
        {"provider": "anthropic", "model": "claude-haiku-4-5", "api_key": "sk-two", "traits": {"context": 5000}},
    ],
    "price": {"input": 1, "output": 2},
}
MODELS = {
    "chat": TWO_PLACES,
    "vectors": {"deployments": [{"provider": "openai", "model": "text-embedding-3-small", "api_key": "sk-one"}]},
    "echo": "echo/echo",
}


@pytest.fixture(scope="module")
async def app(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[InProcess]:
    async with in_process(tmp_path_factory.mktemp("lists"), {"models": MODELS}) as opened:
        yield opened


async def show(app: InProcess, **body: str) -> Answer:
    return await app.ask("POST", "/api/show", body)


# --- models ------------------------------------------------------------------------------------------


async def test_a_model_of_several_deployments_has_their_smallest_limits(app: InProcess) -> None:
    model = (await app.ask("GET", "/v1beta/models/chat")).json
    assert (model["inputTokenLimit"], model["outputTokenLimit"]) == (5000, 50)
    listed = await app.ask("GET", "/v1beta/models")
    assert model in listed.json["models"]
    shown = (await show(app, model="chat")).json
    assert shown["model_info"]["openai.context_length"] == 5000


async def test_a_model_is_shown_in_ollamas_words(app: InProcess) -> None:
    shown = (await show(app, model="chat")).json
    assert shown["capabilities"] == ["completion", "tools", "vision", "thinking"]
    assert shown["details"]["family"] == "openai"
    assert shown["details"]["families"] == ["openai"]
    assert shown["model_info"]["general.basename"] == "gpt-4o"
    assert (shown["remote_model"], shown["remote_host"]) == ("gpt-4o", "openai")
    assert (await show(app, name="chat")).json == shown


async def test_a_model_that_does_not_chat_lists_its_own_capabilities(app: InProcess) -> None:
    assert (await show(app, model="vectors")).json["capabilities"] == ["embedding"]


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/chat", "/api/tags", "/v1/llm/models", "/openapi.json"])
async def test_lists_are_json(app: InProcess, path: str) -> None:
    assert (await app.ask("GET", path)).headers["content-type"] == "application/json"


async def test_a_model_without_a_known_context_shows_none(app: InProcess) -> None:
    shown = (await show(app, model="echo")).json
    assert [name for name in shown["model_info"] if name.endswith("context_length")] == []


@pytest.mark.parametrize(
    ("body", "status"), [({}, 400), ({"model": ""}, 400), ({"model": "nobody"}, 404)], ids=["none", "empty", "unknown"]
)
async def test_an_unknown_model_is_not_shown(app: InProcess, body: dict[str, str], status: int) -> None:
    assert (await show(app, **body)).status == status


async def test_ollamas_clients_find_what_they_look_for(app: InProcess) -> None:
    assert b"Ollama is running" in (await app.ask("GET", "/")).body
    assert (await app.ask("GET", "/api/ps")).json == {"models": []}
    assert (await app.ask("GET", "/api/version")).json["version"].count(".") == 2
    names = [model["name"] for model in (await app.ask("GET", "/api/tags")).json["models"]]
    assert {name.removesuffix(":latest") for name in names} >= {"chat", "vectors", "echo"}


async def test_models_come_page_by_page(app: InProcess) -> None:
    whole = (await app.ask("GET", "/api/models")).json
    assert (whole["page"], whole["page_size"], whole["pages"]) == (1, 20, 1)
    ids = [item["id"] for item in whole["items"]]
    assert (len(ids), whole["total"]) == (len(MODELS), len(MODELS))
    first = (await app.ask("GET", "/api/models", query="page_size=2")).json
    second = (await app.ask("GET", "/api/models", query="page=2&page_size=2")).json
    assert [[item["id"] for item in page["items"]] for page in (first, second)] == [ids[:2], ids[2:]]
    assert (first["total"], first["pages"], second["page"]) == (len(MODELS), 2, 2)


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("provider=echo", {"echo"}),
        ("capability=embeddings", {"vectors"}),
        ("search=GPT-4", {"chat"}),
        ("search=vect", {"vectors"}),
        ("status=inactive", set()),
        ("provider=openai&search=embedding", {"vectors"}),
    ],
)
async def test_models_are_found(app: InProcess, query: str, ids: set[str]) -> None:
    page = (await app.ask("GET", "/api/models", query=query)).json
    assert {item["id"] for item in page["items"]} == ids


# --- responses ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
async def turns(app: InProcess) -> list[str]:
    """The ids of two responses, of which the second continues the first."""
    first = await app.ask("POST", "/v1/responses", {"model": "echo", "input": "One."})
    begun = first.json["id"]
    wish = {"model": "echo", "input": "Two.", "previous_response_id": begun}
    return [begun, (await app.ask("POST", "/v1/responses", wish)).json["id"]]


async def items(app: InProcess, turn: str, query: str = "") -> Any:
    return (await app.ask("GET", f"/v1/responses/{turn}/input_items", query=query)).json


async def test_the_input_items_of_a_response_include_those_of_earlier_turns(app: InProcess, turns: list[str]) -> None:
    page = await items(app, turns[1], "order=asc")
    assert [item["role"] for item in page["data"]] == ["user", "assistant", "user"]
    assert page["data"][0]["content"][0]["text"] == "One."
    assert (page["first_id"], page["last_id"]) == (page["data"][0]["id"], page["data"][-1]["id"])
    assert (page["object"], page["has_more"]) == ("list", False)
    newest_first = await items(app, turns[1])
    assert newest_first["data"] == page["data"][::-1]
    assert len((await items(app, turns[0]))["data"]) == 1


async def test_items_come_page_by_page(app: InProcess, turns: list[str]) -> None:
    every = (await items(app, turns[1]))["data"]
    first = await items(app, turns[1], "limit=2")
    assert (first["data"], first["has_more"]) == (every[:2], True)
    rest = await items(app, turns[1], f"limit=2&after={first['last_id']}")
    assert (rest["data"], rest["has_more"]) == (every[2:], False)
    exact = await items(app, turns[1], "limit=3")
    assert (exact["data"], exact["has_more"]) == (every, False)
    nothing = await items(app, turns[1], f"after={every[-1]['id']}")
    assert (nothing["data"], nothing["first_id"], nothing["last_id"]) == ([], None, None)


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "order=up", "after=nobody"])
async def test_a_page_that_can_not_be_is_a_mistake(app: InProcess, turns: list[str], query: str) -> None:
    answer = await app.ask("GET", f"/v1/responses/{turns[0]}/input_items", query=query)
    assert answer.status == 400


async def test_a_kept_response_is_told_and_neither_streamed_nor_cancelled(app: InProcess, turns: list[str]) -> None:
    kept = await app.ask("GET", f"/v1/responses/{turns[0]}")
    assert (kept.status, kept.json["id"]) == (200, turns[0])
    assert kept.headers["content-type"] == "application/json"
    assert (await app.ask("GET", f"/v1/responses/{turns[0]}", query="stream=true")).status == 400
    assert (await app.ask("POST", f"/v1/responses/{turns[0]}/cancel")).status == 400
    assert (await app.ask("POST", "/v1/responses/resp_0/cancel")).status == 404


async def test_a_deleted_response_is_gone(app: InProcess) -> None:
    made = (await app.ask("POST", "/v1/responses", {"model": "echo", "input": "One."})).json["id"]
    answer = await app.ask("DELETE", f"/v1/responses/{made}")
    assert answer.json == {"id": made, "object": "response", "deleted": True}
    assert (await app.ask("GET", f"/v1/responses/{made}")).status == 404
    assert (await app.ask("DELETE", f"/v1/responses/{made}")).status == 404
