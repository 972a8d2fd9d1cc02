"""A relayed stream of Responses breaks off, and another deployment goes on: OpenAI's own SDK notices nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from openai.types.responses import ResponseCompletedEvent

from tests.simulator.raw import ask as ask_raw
from tests.support.openai_wire import DONE, USAGE, chunk, delta, sse
from tests.support.raw_upstream import RawUpstream, Visit
from tests.support.responses_wire import ID, begun, message, stream, thought
from tests.support.sdks import openai as chat_sdk
from tests.support.turnout_server import StartTurnout, TurnoutServer

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
QUESTION = [{"role": "user", "content": "Write."}]
THOUGHT = thought(0, "Hm.")
OPENED = [*begun(), *THOUGHT, *message(1, "Hello ", "you")[:4]]


async def breaks_off(visit: Visit) -> None:
    await visit.request()
    await visit.send(HEAD + stream(OPENED))
    visit.close()


async def goes_on(visit: Visit) -> None:
    await visit.request()
    texts = [chunk(delta(content=text)) for text in (" there", ".")]
    await visit.send(HEAD + sse(*texts, chunk(delta(finish="stop")), chunk(usage=USAGE)) + DONE)
    visit.close()


def sent_to(upstream: RawUpstream, number: int) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(upstream.requests[number].partition(b"\r\n\r\n")[2])
    return body


class Places:
    def __init__(self, first: RawUpstream, second: RawUpstream, turnout: TurnoutServer) -> None:
        self.first = first
        self.second = second
        self.turnout = turnout
        self.sdk = chat_sdk.client(turnout.openai_url)


@pytest.fixture
async def places(start_turnout: StartTurnout) -> AsyncIterator[Places]:
    async with RawUpstream(breaks_off) as first, RawUpstream(goes_on) as second:
        deployments = [
            {"provider": "openai", "model": "gpt", "base_url": f"{first.origin}/v1", "api_key": "sk-1"},
            {"provider": "compatible", "model": "m", "base_url": f"{second.origin}/v1", "traits": {"prefill": True}},
        ]
        config = {"models": {"fast": {"deployments": deployments}}, "retries": {"attempts": 1}, "discovery": False}
        turnout = await asyncio.to_thread(start_turnout, config)
        yield Places(first, second, turnout)


async def test_the_sdk_accumulates_what_another_deployment_goes_on_with(places: Places) -> None:
    async with places.sdk.responses.stream(model="fast", input="Write.") as events:
        seen = [event async for event in events]
        final = await events.get_final_response()
    assert final.id == ID
    assert final.output_text == "Hello you there."
    reasoning, written = [item.to_dict() for item in final.output]
    assert reasoning == THOUGHT[-1][1]["item"]
    assert (written["id"], written["phase"]) == ("msg_1", "final_answer")
    assert isinstance(seen[-1], ResponseCompletedEvent)
    assert [event.sequence_number for event in seen] == list(range(len(seen)))
    assert sent_to(places.second, 0)["messages"] == [*QUESTION, {"role": "assistant", "content": "Hello you"}]


async def test_the_conversation_goes_on(places: Places) -> None:
    """The provider whose stream broke off doesn't know the whole answer, whatever its id: it is told everything."""
    async with places.sdk.responses.stream(model="fast", input="Write.") as events:
        first = await events.get_final_response()
    async with places.sdk.responses.stream(model="fast", input="More.", previous_response_id=first.id) as events:
        second = await events.get_final_response()
    assert second.output_text == "Hello you there."
    asked = sent_to(places.first, 1)
    assert "previous_response_id" not in asked
    assert [item.get("role") for item in asked["input"]] == ["user", None, "assistant", "user"]
    assert asked["input"][1]["encrypted_content"] == "gAAAB"
    assert asked["input"][2]["content"][0]["text"] == "Hello you there."


async def test_the_seam_is_recorded_and_counted(places: Places) -> None:
    url = places.turnout.url
    reply = await ask_raw(f"{url}/v1/responses", {"model": "fast", "input": "Write.", "stream": True})
    record = (await ask_raw(f"{url}/v1/requests/{reply.headers['x-request-id']}")).json
    assert [(attempt["continues"], attempt["seam"]) for attempt in record["attempts"]] == [
        (None, None),
        (1, "continue"),
    ]
    metrics = (await ask_raw(f"{url}/metrics")).body.decode()
    went_on = record["attempts"][1]["deployment"]
    assert f'turnout_seams_total{{model="fast",deployment="{went_on}",how="continue"}} 1\n' in metrics
