"""Clients that ask for another model than they know, on their own wire: they are answered, and told what changed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.simulator.raw import Reply, ask
from tests.support.simulator import Simulator
from tests.support.turnout_server import StartTurnout, TurnoutServer

CLAUDE, GEMINI, GPT = "/v1/messages", "/v1beta/models/{}:generateContent", "/v1/chat/completions"
RESPONSES = "/v1/responses"
MODELS = {
    "claude-sonnet-4-5": "anthropic",
    "claude-sonnet-4-0": "anthropic",
    "claude-opus-4-8": "anthropic",
    "gemini-2.5-flash": "gemini",
    "gemini-3.5-flash": "gemini",
    "gpt-4o": "openai",
    "gpt-5.1": "openai",
}
PATHS = {"openai": "/v1", "gemini": "/v1beta"}
HI = [{"role": "user", "content": "hi"}]
TALK = [{"role": "user", "parts": [{"text": "hi"}]}]
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}
FUNCTIONS = [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": SCHEMA}]}]
FORM = {"responseMimeType": "application/json", "responseJsonSchema": SCHEMA}
ADAPTIVE = {"type": "adaptive"}


@pytest.fixture(scope="module")
def turnout(simulator: Simulator, start_shared_turnout: StartTurnout) -> TurnoutServer:
    models = {
        model: {
            "deployments": [
                {
                    "provider": provider,
                    "model": model,
                    "base_url": simulator.root + PATHS.get(provider, ""),
                    "api_key": "sk-simulated",
                }
            ]
        }
        for model, provider in MODELS.items()
    }
    azure = {"provider": "azure", "model": "gpt-4o", "base_url": simulator.root, "api_key": "sk-simulated"}
    models["old-azure"] = {"deployments": [azure | {"api_version": "2024-06-01"}]}
    return start_shared_turnout({"models": models, "discovery": False, "auth": {"required": False}})


async def asked(turnout: TurnoutServer, path: str, model: str, body: dict[str, Any], **headers: str) -> Reply:
    named = body if "{}" in path else {"model": model} | body
    return await ask(turnout.url + path.format(model), named, headers)


CASES: list[tuple[str, str, dict[str, Any], str | None]] = [
    (CLAUDE, "claude-sonnet-4-5", {"max_tokens": 128_000, "thinking": ADAPTIVE}, "max_tokens"),
    (CLAUDE, "claude-sonnet-4-5", {"max_tokens": 9, "temperature": 0.5, "top_p": 0.9}, "top_p"),
    (CLAUDE, "claude-opus-4-8", {"max_tokens": 9_000, "thinking": {"type": "enabled", "budget_tokens": 2_000}}, None),
    (CLAUDE, "claude-opus-4-8", {"max_tokens": 9, "output_config": {"effort": "low"}, "top_k": 3}, "top_k"),
    (GEMINI, "gemini-2.5-flash", {"generationConfig": {"thinkingConfig": {"thinkingLevel": "low"}}}, None),
    (
        GEMINI,
        "gemini-2.5-flash",
        {"generationConfig": {"thinkingConfig": {"thinkingBudget": 30_000}}},
        "generationConfig.thinkingConfig.thinkingBudget",
    ),
    (GPT, "gpt-4o", {"reasoning_effort": "low", "max_tokens": 99_000}, "max_tokens, reasoning_effort"),
    (GPT, "gpt-5.1", {"temperature": 0.5, "reasoning_effort": "minimal"}, "temperature, reasoning_effort"),
    (GPT, "old-azure", {"parallel_tool_calls": None, "reasoning_effort": "low"}, "reasoning_effort"),
    (RESPONSES, "gpt-4o", {"reasoning": {"effort": "low"}, "input": "hi"}, "reasoning.effort"),
    (RESPONSES, "gpt-4o", {"include": ["reasoning.encrypted_content"], "input": "hi"}, "include"),
]


@pytest.mark.parametrize(("path", "model", "body", "dropped"), CASES)
async def test_a_client_is_answered_and_told(
    turnout: TurnoutServer, path: str, model: str, body: dict[str, Any], dropped: str | None
) -> None:
    said = {"contents": TALK} if path == GEMINI else {} if path == RESPONSES else {"messages": HI}
    reply = await asked(turnout, path, model, said | body)
    assert (reply.status, reply.headers.get("x-turnout-dropped")) == (200, dropped), reply.body


@pytest.mark.parametrize(("path", "model", "body", "dropped"), CASES)
async def test_a_strict_request_is_refused_instead(
    turnout: TurnoutServer, path: str, model: str, body: dict[str, Any], dropped: str | None
) -> None:
    said = {"contents": TALK} if path == GEMINI else {} if path == RESPONSES else {"messages": HI}
    reply = await asked(turnout, path, model, said | body, **{"x-turnout-strict": "true"})
    assert reply.status == 400
    assert b"The request is strict" in reply.body
    assert (dropped or "").partition(",")[0].encode() in reply.body


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("tools", [None, FUNCTIONS])
@pytest.mark.parametrize("model", ["gemini-2.5-flash", "gemini-3.5-flash"])
async def test_an_answer_by_a_schema_beside_functions(
    turnout: TurnoutServer, model: str, tools: Any, stream: bool
) -> None:
    body = {"contents": TALK, "generationConfig": FORM} | ({"tools": tools} if tools else {})
    path = "/v1beta/models/{}:streamGenerateContent?alt=sse" if stream else GEMINI
    reply = await asked(turnout, path, model, body)
    assert reply.status == 200, reply.body
    assert reply.headers.get("x-turnout-dropped") is None
    parts = [part for event in (reply.events if stream else [reply.json]) for part in parts_of(event)]
    assert b"give_answer" not in reply.body
    called = [part["functionCall"]["name"] for part in parts if "functionCall" in part]
    text = "".join(part.get("text", "") for part in parts)
    assert called == ["f"] or set(json.loads(text)) == {"a"}


def parts_of(event: dict[str, Any]) -> list[dict[str, Any]]:
    return [part for candidate in event.get("candidates", ()) for part in candidate.get("content", {}).get("parts", ())]


async def test_an_answer_by_a_schema_of_a_claude_that_has_none(turnout: TurnoutServer) -> None:
    output = {"format": {"type": "json_schema", "schema": SCHEMA}}
    body = {"messages": HI, "max_tokens": 99, "output_config": output}
    for model in ("claude-sonnet-4-0", "claude-sonnet-4-5"):
        reply = await asked(turnout, CLAUDE, model, body)
        assert reply.status == 200, reply.body
        assert set(json.loads(reply.json["content"][0]["text"])) == {"a"}
        assert reply.json["stop_reason"] == "end_turn"
