"""Responses over a WebSocket, to a provider of every wire."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from tests.e2e.backends import WIRES
from tests.e2e.stage import NARROW_KEY, TEAM_KEY, Stage, faulty
from tests.e2e.test_leaving import has_ended
from tests.support.sdks import openai as chat_sdk

EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
ENDS = ("response.completed", "response.incomplete", "response.failed", "error")
PATIENCE = 10  # seconds


class Socket:
    """``ask`` gives the last event of an answer, after ``kinds`` of events."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self.kinds: list[str] = []

    async def ask(self, **fields: Any) -> dict[str, Any]:
        await self.say({"type": "response.create", "input": "Hi.", **fields})
        return await self.hear()

    async def say(self, message: Any) -> None:
        await self._socket.send(json.dumps(message))

    async def hear(self) -> dict[str, Any]:
        self.kinds = []
        while not self.kinds or self.kinds[-1] not in ENDS:
            event: dict[str, Any] = json.loads(await asyncio.wait_for(self._socket.recv(), PATIENCE))
            self.kinds.append(event["type"])
            if event["type"] != "error":
                EVENT.validate_python(event)
        return event


@asynccontextmanager
async def opened(stage: Stage, key: str = TEAM_KEY, path: str = "/responses") -> AsyncIterator[Socket]:
    url = stage.turnout.openai_url.replace("http://", "ws://") + path
    headers = {"authorization": f"Bearer {key}"}
    async with connect(url, additional_headers=headers, proxy=None) as socket:
        yield Socket(socket)


def said(event: dict[str, Any]) -> str:
    message = event["response"]["output"][-1]
    text: str = message["content"][0]["text"]
    return text


@pytest.mark.parametrize("provider", WIRES)
async def test_an_answer_that_nobody_stores_is_continued(stage: Stage, provider: str) -> None:
    model = f"simulator-{provider}"
    async with opened(stage) as socket:
        first = await socket.ask(model=model, input="My name is Ann.", store=False)
        assert (said(first), socket.kinds[0]) == ("You said: My name is Ann.", "response.created")
        previous = first["response"]["id"]
        second = await socket.ask(model=model, input="And?", store=False, previous_response_id=previous)
        tokens = [event["response"]["usage"]["input_tokens"] for event in (first, second)]
        assert (said(second), tokens[0] < tokens[1]) == ("You said: And?", True)
        lost = await socket.ask(model=model, store=False, previous_response_id=previous)
        assert (lost["status"], lost["error"]["code"]) == (400, "previous_response_not_found")


async def test_a_stored_answer_is_continued_over_any_connection(stage: Stage) -> None:
    async with opened(stage) as socket:
        first = await socket.ask(model="simulator-anthropic")
    async with opened(stage) as socket:
        previous = first["response"]["id"]
        assert said(await socket.ask(model="simulator-gemini", input="And?", previous_response_id=previous))


async def test_a_warm_up_gives_an_id_to_go_on_from(stage: Stage) -> None:
    async with opened(stage) as socket:
        warmed = await socket.ask(model="simulator-anthropic", input="Be kind.", generate=False)
        assert (warmed["response"]["output"], warmed["response"]["status"]) == ([], "completed")
        previous = warmed["response"]["id"]
        answer = await socket.ask(model="simulator-anthropic", input="Hi.", previous_response_id=previous)
        assert said(answer) == "You said: Be kind.\nHi."


async def test_the_sdk_speaks_it(stage: Stage) -> None:
    sdk = chat_sdk.client(stage.turnout.openai_url, TEAM_KEY)
    async with sdk.responses.connect() as connection:
        await connection.response.create(model="simulator-anthropic", input="Hi.")
        kinds = []
        async with asyncio.timeout(PATIENCE):
            async for event in connection:
                kinds.append(event.type)
                if event.type == "response.completed":
                    break
    assert kinds[0] == "response.created"
    assert kinds.count("response.output_text.delta") > 0


@pytest.mark.parametrize(
    ("message", "status", "param"),
    [
        ("response.create", 400, None),
        ({"type": "response.cancel"}, 400, "type"),
        ({"type": "response.create", "model": "nothing-here", "input": "x"}, 404, "model"),
        ({"type": "response.create", "model": "echo", "input": [{"role": "odd"}]}, 400, "input[0].role"),
        ({"type": "response.create", "model": "echo", "input": 5, "store": False}, 400, "input"),
        ({"type": "response.create", "input": "x"}, 400, "model"),
    ],
    ids=str,
)
async def test_a_mistake_is_told_and_the_next_request_answered(
    stage: Stage, message: Any, status: int, param: str | None
) -> None:
    async with opened(stage) as socket:
        await socket.say(message)
        error = await socket.hear()
        assert (error["type"], error["status"], error["error"]["param"]) == ("error", status, param)
        assert said(await socket.ask(model="echo")) == "Hi."


async def test_errors_are_those_of_a_post(stage: Stage) -> None:
    async with opened(stage) as socket:
        error = await socket.ask(model=faulty("anthropic", "status-429-retry-70"))
        assert (error["status"], error["error"]["code"]) == (429, "rate_limit_exceeded")
        await socket.ask(model=faulty("anthropic", "cut-stream-after-3"), input="one two three four")
        assert socket.kinds[-1] == "error"
        assert (await socket.hear())["type"] == "response.failed"
        assert said(await socket.ask(model="echo")) == "Hi."


async def test_requests_are_answered_one_after_the_other(stage: Stage) -> None:
    async with opened(stage) as socket:
        for text in ("one", "two", "three"):
            await socket.say({"type": "response.create", "model": "echo", "input": text})
        assert [said(await socket.hear()) for _ in range(3)] == ["one", "two", "three"]


async def test_a_key_is_needed_and_keeps_its_models(stage: Stage) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with opened(stage, key="tk-unknown"):
            pass
    assert refused.value.response.status_code == 401
    async with opened(stage, key=NARROW_KEY) as socket:
        assert (await socket.ask(model="simulator-openai"))["status"] == 403


@pytest.mark.parametrize(
    ("path", "status"), [("/models", 200), ("/chat/completions", 405), ("/responses/compact", 404)]
)
async def test_other_paths_answer_as_if_nothing_had_been_offered(stage: Stage, path: str, status: int) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with opened(stage, path=path):
            pass
    assert refused.value.response.status_code == status


async def test_when_the_client_leaves_its_provider_stops(stage: Stage) -> None:
    model = faulty("openai", "words-1000-slow-between-50")
    async with opened(stage) as socket:
        await socket.say({"type": "response.create", "model": model, "input": "Hi."})
        await stage.attempt(model)
    assert (await stage.attempt(model, has_ended))["outcome"] == "client_left"
