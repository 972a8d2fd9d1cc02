"""Conversations that are continued by ``previous_response_id``: with every provider, in every worker process."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI

from tests.e2e.backends import AIMOCK, SIMULATOR, WIRES, Backend
from tests.e2e.stage import OTHER_KEY, TEAM_KEY, Stage, config, environment, faulty
from tests.simulator.raw import ask as ask_raw
from tests.support.aimock import Aimock
from tests.support.sdks import Question, Tool
from tests.support.sdks import openai as chat_sdk
from tests.support.sdks.responses import body, outputs, reply_of, respond
from tests.support.simulator import Simulator
from tests.support.turnout_server import NOBODY, StartTurnout

CITY = Tool("weather", {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]})
CLOCK = Tool("clock", {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]})
STATEFUL = ("openai", "azure", "azure-v1")  # they keep their own answers, which aimock doesn't do for them
FORGETFUL = [backend for backend in AIMOCK if backend.provider not in STATEFUL]


@pytest.fixture
async def sdk(stage: Stage) -> AsyncOpenAI:
    return chat_sdk.client(stage.turnout.openai_url, TEAM_KEY)


async def seen(stage: Stage, model: str) -> list[Any]:
    """The bodies that the simulator was sent for a model that ``faulty`` named."""
    reply = await ask_raw(f"{stage.simulator.root}/__simulator/requests?model={model.partition('/')[2]}")
    return [json.loads(request["body"]) for request in json.loads(reply.body)]


@pytest.mark.parametrize("backend", SIMULATOR)
async def test_calls_are_answered_in_the_next_turn(sdk: AsyncOpenAI, backend: Backend, stream: bool) -> None:
    """Nothing but the results is sent: the calls that they answer are known."""
    request = body(Question(prompt="Please use all tools.", model=backend.model, tools=(CITY, CLOCK)))
    first = await respond(sdk, request, stream=stream)
    calls = reply_of(first).calls
    assert len(calls) == 2
    request |= {"input": outputs(calls, ("sunny", "noon")), "previous_response_id": first.id}
    second = await respond(sdk, request, stream=stream)
    assert reply_of(second).text == "The tools said: sunny; noon"
    if backend.provider not in (*STATEFUL, "vllm"):  # what the simulator says there is always null
        assert second.previous_response_id == first.id
    third = await respond(sdk, request | {"input": "Bye.", "previous_response_id": second.id}, stream=stream)
    assert reply_of(third).text == "You said: Bye."


@pytest.mark.parametrize("backend", FORGETFUL)
async def test_earlier_turns_are_sent_again(sdk: AsyncOpenAI, backend: Backend, stream: bool) -> None:
    request = {"model": backend.model, "input": "What did I just say?"}
    first = await respond(sdk, request, stream=stream)
    assert reply_of(first).text == "You said nothing yet."
    again = request | {"previous_response_id": first.id, "instructions": "You remember things."}
    assert reply_of(await respond(sdk, again, stream=stream)).text == "You said that you like trains."


@pytest.mark.parametrize("provider", ["anthropic", "gemini"])
async def test_signatures_survive(sdk: AsyncOpenAI, stage: Stage, provider: str, stream: bool) -> None:
    """The simulator refuses what it hasn't signed."""
    model = faulty(provider, "thinking")
    request = body(Question(prompt="Please use a tool.", model=model, tools=(CITY,), max_tokens=4000))
    request |= {"reasoning": {"effort": "low"}}
    first = await respond(sdk, request, stream=stream)
    request |= {"input": outputs(reply_of(first).calls, ("sunny",)), "previous_response_id": first.id}
    assert reply_of(await respond(sdk, request, stream=stream)).text == "The tools said: sunny"
    sent = json.dumps((await seen(stage, model))[-1])
    assert {"anthropic": '"signature": "', "gemini": '"thoughtSignature": "'}[provider] in sent


async def test_the_deployment_that_made_an_answer_goes_on_from_its_own(sdk: AsyncOpenAI, stage: Stage) -> None:
    model = faulty("openai", "")
    first = await sdk.responses.create(model=model, input="One.")
    await sdk.responses.create(model=model, input="Two.", previous_response_id=first.id)
    sent = (await seen(stage, model))[-1]
    assert (sent["input"], sent["previous_response_id"]) == ("Two.", first.id)


async def test_another_deployment_is_told_everything(sdk: AsyncOpenAI, stage: Stage) -> None:
    """From Anthropic to OpenAI, which doesn't know the answer: neither its id nor its items', nor what it sealed."""
    made_by, model = faulty("anthropic", "thinking"), faulty("openai", "")
    first = await sdk.responses.create(model=made_by, input="One.", reasoning={"effort": "low"}, max_output_tokens=4000)
    second = await sdk.responses.create(model=model, input="Two.", previous_response_id=first.id)
    sent = (await seen(stage, model))[-1]
    assert "previous_response_id" not in sent
    assert [(item.get("type"), item["role"]) for item in sent["input"]] == [
        ("message", "user"),
        ("message", "assistant"),
        (None, "user"),
    ]
    assert "id" not in sent["input"][1]
    third = await sdk.responses.create(model=made_by, input="Three.", previous_response_id=second.id)
    assert [message["role"] for message in (await seen(stage, made_by))[-1]["messages"]] == [
        *("user", "assistant") * 2,
        "user",
    ]
    assert third.output_text == "You said: Three."


async def test_items_are_found_by_reference(sdk: AsyncOpenAI) -> None:
    first = await sdk.responses.create(model="simulator-anthropic", input="Please use a tool.", tools=[tool()])
    (call,) = reply_of(first).calls
    given: Any = [
        {"role": "user", "content": "Please use a tool."},
        *({"type": "item_reference", "id": item.id} for item in first.output),
        *outputs((call,), ("sunny",)),
    ]
    second = await sdk.responses.create(model="simulator-gemini", input=given, tools=[tool()])
    assert second.output_text == "The tools said: sunny"


def tool() -> Any:
    return {"type": "function", "name": CITY.name, "parameters": CITY.schema, "strict": False}


@pytest.mark.parametrize("provider", WIRES)
async def test_an_unknown_response_can_not_be_continued(sdk: AsyncOpenAI, stage: Stage, provider: str) -> None:
    """An id that never was, one that wasn't stored, and one of another key."""
    model = f"simulator-{provider}"
    unstored = await sdk.responses.create(model=model, input="Hi.", store=False)
    others = await chat_sdk.client(stage.turnout.openai_url, OTHER_KEY).responses.create(model=model, input="Hi.")
    for id_ in ("resp_never", unstored.id, others.id):
        with pytest.raises(openai.BadRequestError) as told_error:
            await sdk.responses.create(model=model, input="Go on.", previous_response_id=id_)
        assert told_error.value.code == "previous_response_not_found"
        assert told_error.value.param == "previous_response_id"
        with pytest.raises(openai.NotFoundError):
            await sdk.responses.retrieve(id_)


@pytest.mark.parametrize("provider", WIRES)
async def test_a_response_is_kept_as_it_was(sdk: AsyncOpenAI, provider: str, stream: bool) -> None:
    model = f"simulator-{provider}"
    first = await respond(sdk, {"model": model, "input": "Hi."}, stream=stream)
    assert (await sdk.responses.retrieve(first.id)).to_dict() == plain(first.to_dict())
    given: Any = [{"role": "user", "content": [{"type": "input_text", "text": "Two."}]}]
    second = await respond(sdk, {"model": model, "input": given, "previous_response_id": first.id}, stream=stream)
    items = await sdk.responses.input_items.list(second.id, order="asc")
    told: list[dict[str, Any]] = [item.to_dict() for item in items.data]
    assert [(item["type"], item["role"], item["content"][0]["text"]) for item in told] == [
        ("message", "user", "Hi."),
        ("message", "assistant", "You said: Hi."),
        ("message", "user", "Two."),
    ]
    newest = await sdk.responses.input_items.list(second.id, limit=1)
    assert (newest.data[0].id, newest.has_more) == (items.data[-1].id, True)
    older = await sdk.responses.input_items.list(second.id, limit=1, after=newest.data[0].id or "")
    assert older.data[0].id == items.data[-2].id


def plain(told: dict[str, Any]) -> dict[str, Any]:
    """Without what the SDK's helper for streams has put in."""
    for item in told["output"]:
        for part in item.get("content") or ():
            part.pop("parsed", None)
    return told


async def test_a_deleted_response_is_gone(sdk: AsyncOpenAI) -> None:
    first = await sdk.responses.create(model="simulator-gemini", input="Hi.")
    await sdk.responses.delete(first.id)
    with pytest.raises(openai.NotFoundError):
        await sdk.responses.retrieve(first.id)
    with pytest.raises(openai.NotFoundError):
        await sdk.responses.delete(first.id)
    with pytest.raises(openai.BadRequestError):
        await sdk.responses.create(model="simulator-gemini", input="On.", previous_response_id=first.id)


async def test_cancelling_says_what_isnt_possible(sdk: AsyncOpenAI) -> None:
    first = await sdk.responses.create(model="simulator-gemini", input="Hi.")
    with pytest.raises(openai.BadRequestError, match="background"):
        await sdk.responses.cancel(first.id)


async def test_every_worker_knows_every_conversation(
    aimock: Aimock, simulator: Simulator, start_turnout: StartTurnout
) -> None:
    turnout = start_turnout(config(aimock, simulator, NOBODY), env=environment(simulator), args=["--workers", "2"])
    async with AsyncOpenAI(base_url=turnout.openai_url, api_key=TEAM_KEY, max_retries=0) as sdk:
        await asyncio.gather(*(_talk(sdk, f"simulator-{WIRES[number % 4]}", 4) for number in range(12)))


async def _talk(sdk: AsyncOpenAI, model: str, turns: int) -> None:
    """Every request may reach another worker: each is a connection of its own."""
    previous = None
    for number in range(turns):
        asked: dict[str, Any] = {"model": model, "input": f"{number}", "extra_headers": {"connection": "close"}}
        response = await respond(sdk, asked | {"previous_response_id": previous}, stream=number % 2 == 1)
        assert response.output_text == f"You said: {number}"
        previous = response.id


async def test_requests_are_answered_without_a_database(
    aimock: Aimock, simulator: Simulator, start_turnout: StartTurnout
) -> None:
    """It shows in /health; a conversation can't be continued meanwhile, which is said, and isn't the client's fault."""
    env = environment(simulator) | {"DATABASE_URL": f"postgresql://u:p@{NOBODY.removeprefix('http://')}/d"}
    turnout = start_turnout(config(aimock, simulator, NOBODY), env=env)
    async with AsyncOpenAI(base_url=turnout.openai_url, api_key=TEAM_KEY, max_retries=0) as sdk:
        for stream in (False, True):
            response = await respond(sdk, {"model": "simulator-anthropic", "input": "Hi."}, stream=stream)
            assert response.output_text == "You said: Hi."
        with pytest.raises(openai.InternalServerError) as told_error:
            await sdk.responses.create(model="simulator-gemini", input="On.", previous_response_id=response.id)
        assert (told_error.value.status_code, told_error.value.code) == (503, "storage_unavailable")
    health = (await ask_raw(f"{turnout.url}/health", headers={"authorization": f"Bearer {TEAM_KEY}"})).json
    assert health["status"] == "degraded"
    assert not health["parts"]["conversations"]["ok"]
    assert turnout.log().count("store of conversations does not work") == 1
