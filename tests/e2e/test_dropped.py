"""What a provider was not sent is told in ``x-turnout-dropped``."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.backends import SIMULATOR, Backend
from tests.e2e.clients import Client
from tests.e2e.stage import Stage

PLACES = {backend.provider: backend for backend in SIMULATOR}


async def dropped(stage: Stage, dialect: str, backend: Backend, **fields: Any) -> str | None:
    sdk = Client(dialect, stage.turnout.url).sdk
    call = sdk.chat.completions if dialect == "openai" else sdk.messages
    raw = await call.with_raw_response.create(**{"model": backend.model, **fields})
    header: str | None = raw.headers.get("x-turnout-dropped")
    return header


NAMED = {"role": "user", "content": "hi", "name": "bob"}
ODD = NAMED | {"weather": "fine"}


@pytest.mark.parametrize(
    ("provider", "message", "expected"),
    [
        ("openai", NAMED, None),
        ("anthropic", ODD, "seed, metadata, store, messages[0].name, messages[0].weather"),
        ("gemini", ODD, "user, metadata, store, messages[0].name, messages[0].weather"),
        ("ollama", ODD, "user, metadata, store, messages[0].name, messages[0].weather"),
    ],
)
async def test_an_openai_clients_fields(
    stage: Stage, provider: str, message: dict[str, str], expected: str | None
) -> None:
    fields = {"messages": [message], "seed": 1, "user": "u", "metadata": {"a": "b"}, "store": True}
    assert await dropped(stage, "openai", PLACES[provider], **fields) == expected


@pytest.mark.parametrize(
    ("provider", "expected"), [("anthropic", None), ("openai", "messages[0].content[0].cache_control")]
)
async def test_an_anthropic_clients_fields(stage: Stage, provider: str, expected: str | None) -> None:
    marked = {"type": "text", "text": "hi", "cache_control": {"type": "ephemeral"}}
    fields = {"messages": [{"role": "user", "content": [marked]}], "max_tokens": 5}
    assert await dropped(stage, "anthropic", PLACES[provider], **fields) == expected


HI = {"role": "user", "content": "hi"}
SCHEMA = {"type": "object", "properties": {}}
ONE_AT_A_TIME = {"type": "auto", "disable_parallel_tool_use": True}
TALK = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        (
            "/v1/messages",
            {
                "model": "simulator-gemini",
                "max_tokens": 9,
                "messages": [HI],
                "tools": [{"name": "f", "input_schema": SCHEMA}],
                "tool_choice": ONE_AT_A_TIME,
            },
            "tool_choice.disable_parallel_tool_use",
        ),
        (
            "/v1/responses",
            {"model": "simulator-gemini", "input": "hi", "text": {"verbosity": "low"}},
            "text.verbosity",
        ),
        (
            "/v1beta/models/simulator-anthropic:generateContent",
            TALK | {"generationConfig": {"seed": 7, "thinkingConfig": {"includeThoughts": True}}},
            "generationConfig.seed",
        ),
        ("/api/chat", {"model": "simulator-anthropic", "messages": [HI], "options": {"seed": 7}}, "options.seed"),
    ],
    ids=["anthropic", "responses", "gemini", "ollama"],
)
async def test_every_client_reads_its_own_names(stage: Stage, path: str, body: dict[str, Any], expected: str) -> None:
    reply = await stage.post(path, {"stream": False} | body if path == "/api/chat" else body)
    assert (reply.status, reply.headers["x-turnout-dropped"]) == (200, expected)
    (attempt,) = (await stage.story(reply.headers["x-request-id"]))["attempts"]
    assert attempt["changes"] == [f"{expected}: left out"]


async def test_a_refusal_names_the_message_by_its_place_in_the_clients_body(stage: Stage) -> None:
    source = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0xLjQ="}
    results = [{"type": "tool_result", "tool_use_id": "a", "content": "7"}, {"type": "document", "source": source}]
    call = {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "f", "input": {}}]}
    body = {"max_tokens": 9, "system": "Be brief.", "messages": [HI, call, {"role": "user", "content": results}]}
    reply = await stage.post("/v1/messages", {"model": "simulator-llamacpp"} | body)
    assert (reply.status, reply.json["error"]["param"]) == (400, "messages[2]")
