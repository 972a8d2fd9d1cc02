"""Tokens counted before they are sent; models that don't take so many, or that are gone."""

from __future__ import annotations

from typing import Any

import pytest
from anthropic import AsyncAnthropic
from anthropic.types import MessageParam

from tests.e2e.backends import simulator_address
from tests.simulator.raw import Reply, ask
from tests.support.simulator import Simulator
from tests.support.turnout_server import NOBODY, StartTurnout, TurnoutServer

HELLO: list[MessageParam] = [{"role": "user", "content": "one two three"}]
LONG = [{"role": "user", "content": "word " * 300}]


@pytest.fixture(scope="module")
def turnout(simulator: Simulator, start_shared_turnout: StartTurnout) -> TurnoutServer:
    def at(provider: str, model: str, **more: Any) -> dict[str, Any]:
        return {"provider": provider, "model": model, "base_url": simulator_address(simulator, provider), **more}

    small = at("openai", "sim-id-small", traits={"context": 100, "tokenizer": "o200k"})
    brief = at("openai", "sim-id-brief", traits={"max_output": 10})
    models = {
        "claude": at("anthropic", "sim-id-count"),
        "gemini": at("gemini", "sim-id-count"),
        "gpt": at("openai", "sim-id-count", traits={"tokenizer": "o200k"}),
        "unknown": at("openai", "sim-id-count"),
        "away": {"provider": "anthropic", "model": "m", "base_url": NOBODY},
        "wrong": at("anthropic", "sim-status-400"),
        "small": small,
        "brief": brief,
        "old": at("openai", "gpt-4"),
        "old-and-away": {"provider": "openai", "model": "gpt-4", "base_url": NOBODY},
    }
    told: dict[str, Any] = {name: {"deployments": [one]} for name, one in models.items()}
    told["growing"] = {"deployments": [small, at("openai", "sim-id-large")]}
    keys = {name: {"api_key": f"{'sk-ant-' if name == 'anthropic' else 'sk-'}test"} for name in ("openai", "anthropic")}
    return start_shared_turnout({"providers": keys | {"gemini": {"api_key": "test"}}, "models": told})


async def post(turnout: TurnoutServer, path: str, **body: Any) -> Reply:
    return await ask(turnout.url + path, body, {"content-type": "application/json"})


async def chat(turnout: TurnoutServer, model: str, messages: Any = HELLO, **fields: Any) -> Reply:
    return await post(turnout, "/v1/chat/completions", model=model, messages=messages, **fields)


@pytest.mark.parametrize(
    ("model", "source", "attempts"),
    [("claude", "reported", 1), ("gemini", "reported", 1), ("gpt", "exact", 0), ("unknown", "estimated", 0)],
)
async def test_a_count_says_its_source(turnout: TurnoutServer, model: str, source: str, attempts: int) -> None:
    reply = await post(turnout, "/v1/messages/count_tokens", model=model, messages=HELLO)
    assert reply.status == 200, reply.body
    assert 3 <= reply.json["input_tokens"] <= 30
    headers = reply.headers
    assert (headers["x-turnout-token-count"], headers["x-turnout-attempts"]) == (source, str(attempts))


async def test_a_provider_that_cannot_be_reached_is_stood_in_for(turnout: TurnoutServer) -> None:
    reply = await post(turnout, "/v1/messages/count_tokens", model="away", messages=HELLO)
    assert (reply.status, reply.headers["x-turnout-token-count"]) == (200, "estimated")


async def test_a_request_that_the_provider_blames_is_refused(turnout: TurnoutServer) -> None:
    reply = await post(turnout, "/v1/messages/count_tokens", model="wrong", messages=HELLO)
    assert (reply.status, reply.json["type"]) == (400, "error")


async def test_the_sdk_counts(turnout: TurnoutServer) -> None:
    async with AsyncAnthropic(base_url=turnout.url, api_key="x", max_retries=0) as sdk:
        counted = await sdk.messages.count_tokens(model="claude", messages=HELLO)
    assert counted.input_tokens >= 3


async def test_geminis_clients_are_told_the_same(turnout: TurnoutServer) -> None:
    contents = [{"role": "user", "parts": [{"text": "one two three"}]}]
    reply = await post(turnout, "/v1beta/models/gpt:countTokens", contents=contents)
    assert (reply.status, reply.headers["x-turnout-token-count"]) == (200, "exact")
    assert reply.json["totalTokens"] >= 3


async def test_a_count_is_no_attempt_of_the_ledgers(turnout: TurnoutServer) -> None:
    reply = await post(turnout, "/v1/messages/count_tokens", model="claude", messages=HELLO)
    story = await ask(f"{turnout.url}/v1/requests/{reply.headers['x-request-id']}")
    assert story.status == 404


async def test_a_request_that_is_too_long_is_refused_before_it_is_sent(turnout: TurnoutServer) -> None:
    reply = await chat(turnout, "small", LONG)
    assert (reply.status, reply.json["error"]["code"]) == (400, "context_length_exceeded")
    assert "sim-id-small takes 100 at most" in reply.json["error"]["message"]
    assert (await chat(turnout, "small")).status == 200


@pytest.mark.parametrize("path", ["messages", "chat/completions"])
async def test_no_longer_an_answer_is_asked_for_than_the_model_gives(turnout: TurnoutServer, path: str) -> None:
    """Translated or relayed."""
    reply = await post(turnout, f"/v1/{path}", model="brief", messages=HELLO, max_tokens=11)
    assert (reply.status, reply.headers.get("x-turnout-dropped")) == (200, "max_tokens")


async def test_a_deployment_with_more_room_answers(turnout: TurnoutServer) -> None:
    reply = await chat(turnout, "growing", LONG)
    assert (reply.status, reply.headers["x-turnout-deployment"]) == (200, "openai/sim-id-large")


async def test_a_model_that_is_gone_is_asked_all_the_same_with_a_warning(turnout: TurnoutServer) -> None:
    for _ in range(2):
        reply = await chat(turnout, "old")
        assert "gpt-4 was switched off" in reply.headers["x-turnout-warning"]
    assert turnout.log().count("a model goes") == 1
    refused = await chat(turnout, "old-and-away")
    assert refused.status == 502
    assert "gpt-4 was switched off" in refused.headers["x-turnout-warning"]
    assert "x-turnout-warning" not in (await chat(turnout, "gpt")).headers
