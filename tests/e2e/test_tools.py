"""Tool calls from every provider that has them, to every SDK, and the results sent back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.backends import AIMOCK, REMOTE, SIMULATOR, Backend
from tests.e2e.clients import DIALECTS, EVERY_DIALECT, Client, every_client_but_ollama
from tests.e2e.stage import Stage
from tests.support.aimock import case
from tests.support.sdks import Call, Tool

CLIENTS = EVERY_DIALECT
CITY = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}
WEATHER = Tool("get_weather", CITY)
BOOKING = (Tool("book_trip"), Tool("check_calendar"))
TRAINS = (Tool("find_train", CITY), Tool("find_bus", CITY))


def told_calls(case_name: str, index: int = 0) -> tuple[Call, ...]:
    return tuple(Call(c["name"], json.loads(c["arguments"])) for c in case(case_name, index).response["toolCalls"])


def results_said(text: str) -> list[str]:
    """The results in the simulator's answer. Gemini's are objects, which others get as JSON."""
    results = text.removeprefix("The tools said: ").split("; ")
    return [json.loads(one)["result"] if one.startswith("{") else one for one in results]


@pytest.mark.parametrize("backend", AIMOCK)
@pytest.mark.parametrize("case_name", ["tool", "tools_parallel", "text_and_tool"])
async def test_calls_arrive_as_aimock_makes_them(
    client: Client, backend: Backend, case_name: str, stream: bool
) -> None:
    """Order, nesting, unicode and numbers of parallel calls, streamed in pieces where the wire has pieces."""
    tools = BOOKING if case_name == "tools_parallel" else (WEATHER,)
    reply = await client.ask(backend.model, case(case_name).prompt, stream=stream, tools=tools)
    assert reply.calls == told_calls(case_name)
    assert reply.text == backend.says(case_name)
    assert reply.finish == "tool_calls"


@pytest.mark.parametrize("backend", SIMULATOR)
async def test_one_call(client: Client, backend: Backend, stream: bool) -> None:
    reply = await client.ask(backend.model, "Please use a tool.", stream=stream, tools=TRAINS)
    assert reply.calls == (Call("find_train", {"city": "city 1", "days": 1}),)
    assert (reply.text, reply.finish) == ("", "tool_calls")
    assert reply.output_tokens > 0


@pytest.mark.parametrize("backend", SIMULATOR)
async def test_parallel_calls_have_ids_of_their_own(client: Client, backend: Backend, stream: bool) -> None:
    reply = await client.ask(backend.model, "Please use all tools.", stream=stream, tools=TRAINS)
    first, second = reply.calls
    assert first == Call("find_train", {"city": "city 1", "days": 1})
    assert second == Call("find_bus", {"city": "city 2", "days": 2})
    if client.dialect in DIALECTS:  # Gemini's calls may have none, Ollama's never have
        assert first.id
        assert second.id
        assert first.id != second.id


@pytest.mark.parametrize("backend", REMOTE)
async def test_a_result_is_answered(client: Client, backend: Backend, stream: bool) -> None:
    """The provider gets call and result with the ids it knows: the simulator refuses a result without its call."""
    prompt = case("tool_result").prompt if backend.upstream == "aimock" else "Please use a tool."
    asked: dict[str, Any] = {"stream": stream, "tools": (WEATHER,)}
    first = await client.ask(backend.model, prompt, **asked)
    assert len(first.calls) == 1
    second = await client.ask(backend.model, prompt, **asked, calls=first.calls, results=("It is 21 degrees.",))
    assert second.finish == "stop"
    if backend.upstream == "aimock":
        assert second.text == backend.says("tool_result")
    else:
        assert results_said(second.text) == ["It is 21 degrees."]


@pytest.mark.parametrize("backend", SIMULATOR)
async def test_results_of_parallel_calls_are_answered(client: Client, backend: Backend, stream: bool) -> None:
    asked: dict[str, Any] = {"stream": stream, "tools": TRAINS}
    first = await client.ask(backend.model, "Please use all tools.", **asked)
    results = ("at noon", "at one")
    second = await client.ask(backend.model, "Please use all tools.", **asked, calls=first.calls, results=results)
    assert results_said(second.text) == ["at noon", "at one"]


@every_client_but_ollama
@pytest.mark.parametrize("backend", SIMULATOR)
async def test_a_tool_can_be_demanded(client: Client, backend: Backend, stream: bool) -> None:
    reply = await client.ask(backend.model, "Hello.", stream=stream, tools=TRAINS, sent=client.demand("find_bus"))
    assert [call.name for call in reply.calls] == ["find_bus"]


async def test_echo_has_no_tools_and_says_so(client: Client, stream: bool) -> None:
    with pytest.raises(client.error("BadRequestError"), match="'echo' does not support tools"):
        await client.ask("echo", "Hello.", stream=stream, tools=TRAINS)


@pytest.mark.parametrize("provider", ["openai", "azure", "azure-v1", "vllm", "llamacpp", "compatible"])
async def test_arguments_stay_the_text_they_were(stage: Stage, provider: str, stream: bool) -> None:
    """What a parse and a print would change: spacing, order, big and tiny numbers."""
    client = Client("openai", stage.turnout.url)
    reply = await client.ask(f"aimock-{provider}", case("tool_big_number").prompt, stream=stream, tools=(Tool("pay"),))
    assert reply.calls[0].text == case("tool_big_number").response["toolCalls"][0]["arguments"]


@pytest.mark.parametrize("backend", SIMULATOR)
async def test_arguments_come_in_pieces_while_they_are_made(stage: Stage, backend: Backend) -> None:
    """OpenAI's chunks: a call is opened once with its id and name, its arguments follow under the same index."""
    client = Client("openai", stage.turnout.url)
    request = client.body(backend.model, "Please use all tools.", tools=TRAINS)
    opened: dict[int, list[str]] = {}
    arguments: dict[int, str] = {}
    async for chunk in await client.sdk.chat.completions.create(**request, stream=True):
        for piece in chunk.choices[0].delta.tool_calls or () if chunk.choices else ():
            if piece.id:
                opened.setdefault(piece.index, []).append(piece.function.name)
            arguments[piece.index] = arguments.get(piece.index, "") + (piece.function.arguments or "")
    assert opened == {0: ["find_train"], 1: ["find_bus"]}
    assert [json.loads(text)["days"] for _, text in sorted(arguments.items())] == [1, 2]
