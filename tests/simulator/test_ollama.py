"""Ollama's own SDK talks to the simulator."""

from __future__ import annotations

from typing import Any

import ollama
import pytest

from tests.simulator.raw import ask
from turnout.simulator import Simulator

WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}},
    },
}
TIME = {"type": "function", "function": {"name": "time"}}


def user_messages(text: str = "Grüße aus Köln 🚂", **more: Any) -> Any:
    return [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text, **more}]


@pytest.fixture(scope="session")
def client(simulated: Simulator) -> ollama.AsyncClient:
    return ollama.AsyncClient(host=simulated.url)


async def reply_to(client: ollama.AsyncClient, stream: bool, **request: Any) -> Any:
    """All replies: one, or those of the stream."""
    request = {"model": "sim", "messages": user_messages(), **request}
    if not stream:
        return [await client.chat(**request)]
    return [line async for line in await client.chat(**request, stream=True)]


def text(replies: Any) -> str:
    return "".join(reply.message.content for reply in replies)


both = pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])


@both
async def test_the_answer_repeats_the_user_and_counts_words(client: ollama.AsyncClient, stream: bool) -> None:
    replies = await reply_to(client, stream)
    assert text(replies) == "You said: Grüße aus Köln 🚂"
    assert [reply.done for reply in replies] == [False] * (len(replies) - 1) + [True]
    last = replies[-1]
    assert (last.done_reason, last.prompt_eval_count, last.eval_count, last.model) == ("stop", 6, 6, "sim")
    assert len(replies) == (7 if stream else 1)


async def test_streaming_is_the_default_as_lines_of_json(simulated: Simulator) -> None:
    reply = await ask(f"{simulated.url}/api/chat", {"model": "sim", "messages": user_messages("hi")})
    assert reply.headers["content-type"] == "application/x-ndjson"
    assert len(reply.body.splitlines()) == 4


@both
async def test_parallel_calls_have_objects_as_arguments(client: ollama.AsyncClient, stream: bool) -> None:
    replies = await reply_to(client, stream, model="sim-parallel-tools", tools=[WEATHER, TIME])
    calls = [call.function for reply in replies for call in reply.message.tool_calls or ()]
    assert [(call.name, call.arguments) for call in calls] == [("weather", {"city": "city 1", "days": 1}), ("time", {})]


@both
async def test_tool_results_are_answered_with_text(client: ollama.AsyncClient, stream: bool) -> None:
    first = await reply_to(client, stream, model="sim-tools", tools=[WEATHER])
    called = next(reply.message for reply in first if reply.message.tool_calls)
    history = [*user_messages(), called, {"role": "tool", "tool_name": "weather", "content": "sunny"}]
    assert text(await reply_to(client, stream, messages=history, tools=[WEATHER])) == "The tools said: sunny"


@both
@pytest.mark.parametrize(
    "request_", [pytest.param({"model": "sim-thinking"}, id="by name"), pytest.param({"think": True}, id="asked for")]
)
async def test_thinking_has_a_field_of_its_own(client: ollama.AsyncClient, stream: bool, request_: Any) -> None:
    replies = await reply_to(client, stream, **request_)
    thought = "".join(reply.message.thinking or "" for reply in replies)
    assert thought == "The user wrote 4 words. I answer with them."
    assert text(replies) == "You said: Grüße aus Köln 🚂"
    assert replies[-1].eval_count == 15


@both
async def test_images_are_counted_and_measured(client: ollama.AsyncClient, stream: bool) -> None:
    replies = await reply_to(client, stream, messages=user_messages("Look", images=[bytes(70), bytes(700)]))
    assert text(replies) == "You said: Look I saw 2 images: 70 bytes, 700 bytes."


@both
@pytest.mark.parametrize(
    ("options", "words", "reason"),
    [
        pytest.param({"num_predict": 3}, "You said: Grüße", "length", id="num_predict"),
        pytest.param({"stop": [" aus"]}, "You said: Grüße", "stop", id="stop"),
    ],
)
async def test_limits_cut_the_answer(
    client: ollama.AsyncClient, stream: bool, options: Any, words: str, reason: str
) -> None:
    replies = await reply_to(client, stream, options=options)
    assert (text(replies), replies[-1].done_reason) == (words, reason)


@both
@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
async def test_errors_are_the_sdks_own(client: ollama.AsyncClient, status: int, stream: bool) -> None:
    with pytest.raises(ollama.ResponseError) as raised:
        await reply_to(client, stream, model=f"sim-status-{status}")
    assert (raised.value.status_code, raised.value.error) == (status, f"The simulator was told to answer {status}.")


async def test_an_error_inside_a_stream_raises(client: ollama.AsyncClient) -> None:
    with pytest.raises(ollama.ResponseError, match="told to fail"):
        await reply_to(client, True, model="sim-error-after-2")


async def test_models_and_version_are_told(simulated: Simulator, client: ollama.AsyncClient) -> None:
    assert "sim-tools:latest" in [model.model for model in (await client.list()).models]
    assert (await ask(f"{simulated.url}/api/version")).json == {"version": "0.40.12"}


async def test_a_listed_name_is_served_with_its_tag(client: ollama.AsyncClient) -> None:
    replies = await reply_to(client, False, model="sim-tools:latest", tools=[WEATHER])
    assert replies[0].message.tool_calls is not None
