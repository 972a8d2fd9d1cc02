"""The configuration's limits hold for every dialect and for continued conversations, and follow a reload."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.asgi import InProcess, in_process

USER = {"role": "user", "content": "hi"}
FUNCTION = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
LIMITS = {"messages": 3, "parts": 4, "tools": 1, "stop": 2, "inputs": 2}
MODELS = {"models": {"echo": "echo/echo"}}

REQUESTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "messages": ("/v1/chat/completions", {"messages": [USER] * 4}, "3 are the limit"),
    "messages-anthropic": ("/v1/messages", {"messages": [USER] * 4, "max_tokens": 5}, "3 are the limit"),
    "messages-counted": ("/v1/messages/count_tokens", {"messages": [USER] * 4}, "3 are the limit"),
    "parts": (
        "/v1/chat/completions",
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}] * 5}]},
        "4 are the limit",
    ),
    "tools": ("/v1/chat/completions", {"messages": [USER], "tools": [FUNCTION] * 2}, "1 are the limit"),
    "stop": ("/v1/chat/completions", {"messages": [USER], "stop": ["a", "b", "c"]}, "2 are the limit"),
    "name": ("/v1/chat/completions", {"messages": [USER], "model": "m" * 300}, f"'{'m' * 256}' does not exist"),
}


@pytest.fixture(scope="module")
async def app(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[InProcess]:
    async with in_process(tmp_path_factory.mktemp("limits"), {**MODELS, "limits": LIMITS}) as served:
        yield served


@pytest.mark.parametrize(("path", "fields", "message"), REQUESTS.values(), ids=REQUESTS)
async def test_more_than_the_limit_is_refused(app: InProcess, path: str, fields: dict[str, Any], message: str) -> None:
    answer = await app.ask("POST", path, {"model": "echo", **fields})
    assert answer.status == (404 if "exist" in message else 400)
    assert message in answer.json["error"]["message"]


CONTENT = {"role": "user", "parts": [{"text": "hi"}]}
TURNS = "\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant: d"


@pytest.mark.parametrize(
    ("path", "fields", "param"),
    [
        pytest.param("/v1/chat/completions", {"messages": [USER] * 4}, "messages", id="messages"),
        pytest.param("/v1beta/models/echo:generateContent", {"contents": [CONTENT] * 4}, "contents", id="contents"),
        pytest.param("/v1/responses", {"input": [USER] * 4}, "input", id="input"),
        pytest.param("/v1/completions", {"prompt": TURNS}, "prompt", id="prompt"),
        pytest.param("/v1/embeddings", {"input": ["hi"] * 3}, "input", id="inputs"),
        pytest.param("/v1/chat/completions", {"messages": [USER], "tools": [FUNCTION] * 2}, "tools", id="tools"),
    ],
)
async def test_the_clients_own_field_is_named(app: InProcess, path: str, fields: dict[str, Any], param: str) -> None:
    answer = await app.ask("POST", path, {"model": "echo", **fields})
    assert f"Invalid '{param}': it holds " in answer.json["error"]["message"]


async def test_as_much_as_the_limit_is_answered(app: InProcess) -> None:
    body = {"model": "echo", "messages": [USER] * 3, "stop": ["a", "b"]}
    assert (await app.ask("POST", "/v1/chat/completions", body)).status == 200


async def test_earlier_turns_count(app: InProcess) -> None:
    """Two turns are three messages, a third turn makes five."""
    turn: dict[str, Any] = {"model": "echo", "input": "hi"}
    first = await app.ask("POST", "/v1/responses", turn)
    second = await app.ask("POST", "/v1/responses", turn | {"previous_response_id": first.json["id"]})
    assert second.status == 200
    third = await app.ask("POST", "/v1/responses", turn | {"previous_response_id": second.json["id"]})
    assert third.status == 400
    assert "3 are the limit" in third.json["error"]["message"]


async def test_items_that_are_referred_to_count(app: InProcess) -> None:
    """A reference is no message before the item that it stands for is in its place."""
    first = await app.ask("POST", "/v1/responses", {"model": "echo", "input": "hi"})
    reference = {"type": "item_reference", "id": first.json["output"][0]["id"]}
    fitting = await app.ask("POST", "/v1/responses", {"model": "echo", "input": [USER, reference, USER]})
    assert fitting.status == 200
    longer = await app.ask("POST", "/v1/responses", {"model": "echo", "input": [USER, reference, USER, reference]})
    assert longer.status == 400
    assert "Invalid 'input': it holds 4 messages, and 3 are the limit" in longer.json["error"]["message"]


async def test_a_short_turn_before_many_parts_counts(tmp_path: Path) -> None:
    """It is itself too short to have as many parts as the limit."""
    parts = [{"role": "user", "content": [{"type": "input_text", "text": "hi"}] * 999}]
    async with in_process(tmp_path, {**MODELS, "limits": {"parts": 1000}}) as app:
        first = await app.ask("POST", "/v1/responses", {"model": "echo", "input": "hi"})
        alone = await app.ask("POST", "/v1/responses", {"model": "echo", "input": parts})
        after = {"model": "echo", "input": parts, "previous_response_id": first.json["id"]}
        continued = await app.ask("POST", "/v1/responses", after)
    assert (alone.status, continued.status) == (200, 400)
    assert "it holds 1001 parts, and 1000 are the limit" in continued.json["error"]["message"]


async def test_the_next_request_after_a_reload_has_the_new_limits(tmp_path: Path) -> None:
    body = {"model": "echo", "messages": [USER] * 4}
    async with in_process(tmp_path, {**MODELS, "limits": LIMITS}) as app:
        before = await app.ask("POST", "/v1/chat/completions", body)
        path = tmp_path / "turnout.yaml"
        changed = yaml.safe_load(path.read_text()) | {"limits": {"messages": 4}}
        path.write_text(yaml.safe_dump(changed))
        assert await app.gateway.catalog.reload()
        after = await app.ask("POST", "/v1/chat/completions", body)
    assert (before.status, after.status) == (400, 200)
