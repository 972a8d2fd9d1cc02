"""Google's own SDK talks to the simulator."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from google import genai
from google.genai import errors, types

from tests.simulator.raw import ask
from turnout.simulator import Simulator

WEATHER = types.FunctionDeclaration.model_validate(
    {
        "name": "weather",
        "parameters": {"type": "OBJECT", "properties": {"city": {"type": "STRING"}, "days": {"type": "INTEGER"}}},
    }
)
TIME = types.FunctionDeclaration(name="time", parameters_json_schema={"type": "object"})


@pytest.fixture(scope="session")
def client(simulated: Simulator) -> Any:
    return genai.Client(api_key="key", http_options=types.HttpOptions(base_url=simulated.url)).aio.models


async def reply_to(
    client: Any, stream: bool, contents: Any = "Grüße aus Köln 🚂", model: str = "sim", **config: Any
) -> Any:
    """All replies: one, or those of the stream."""
    config = {"automatic_function_calling": {"disable": True}, **config}
    if not stream:
        return [await client.generate_content(model=model, contents=contents, config=config)]
    return [
        chunk async for chunk in await client.generate_content_stream(model=model, contents=contents, config=config)
    ]


def parts(replies: Any) -> list[types.Part]:
    return [part for reply in replies for part in reply.candidates[0].content.parts]


def text(replies: Any, *, thought: bool = False) -> str:
    return "".join(part.text for part in parts(replies) if part.text and bool(part.thought) == thought)


both = pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])


@both
async def test_the_answer_repeats_the_user_and_counts_words(client: Any, stream: bool) -> None:
    replies = await reply_to(client, stream, system_instruction="Be brief.")
    assert text(replies) == "You said: Grüße aus Köln 🚂"
    last = replies[-1]
    assert (last.candidates[0].finish_reason, last.model_version) == (types.FinishReason.STOP, "sim")
    usage = last.usage_metadata
    assert (usage.prompt_token_count, usage.candidates_token_count, usage.total_token_count) == (6, 6, 12)


async def test_a_stream_comes_word_by_word_with_lines_that_end_in_crlf(simulated: Simulator) -> None:
    body = {"contents": [{"parts": [{"text": "hi"}]}]}
    reply = await ask(f"{simulated.url}/v1beta/models/sim:streamGenerateContent?alt=sse", body)
    assert reply.headers["content-type"] == "text/event-stream"
    assert all(chunk.endswith(b"}\r\n\r\n") for chunk in reply.chunks)
    words = [event["candidates"][0]["content"]["parts"][0]["text"] for event in reply.events]
    assert words == ["You", " said:", " hi", ""]
    assert [event["usageMetadata"]["candidatesTokenCount"] for event in reply.events] == [1, 2, 3, 3]


@both
async def test_parallel_calls_come_whole_and_without_ids(client: Any, stream: bool) -> None:
    replies = await reply_to(
        client, stream, model="sim-parallel-tools", tools=[types.Tool(function_declarations=[WEATHER, TIME])]
    )
    calls = [part.function_call for part in parts(replies) if part.function_call]
    assert [(call.name, call.args, call.id) for call in calls] == [
        ("weather", {"city": "city 1", "days": 1}, None),
        ("time", {}, None),
    ]
    assert replies[-1].candidates[0].finish_reason == types.FinishReason.STOP


@both
async def test_tool_results_are_answered_with_text(client: Any, stream: bool) -> None:
    tools = [types.Tool(function_declarations=[WEATHER])]
    first = await reply_to(client, False, model="sim-tools", tools=tools)
    result = types.Part.from_function_response(name="weather", response={"result": "sunny"})
    history = [
        types.UserContent("Weather?"),
        first[0].candidates[0].content,
        types.Content(role="user", parts=[result]),
    ]
    assert text(await reply_to(client, stream, history, tools=tools)) == "The tools said: sunny"
    with pytest.raises(errors.ClientError, match="number of function response parts"):
        await reply_to(client, stream, [*history[:2], types.UserContent("And?")], tools=tools)


@both
async def test_thoughts_are_shown_and_counted_apart(client: Any, stream: bool) -> None:
    replies = await reply_to(client, stream, model="sim-thinking")
    assert text(replies, thought=True) == "The user wrote 4 words. I answer with them."
    assert text(replies) == "You said: Grüße aus Köln 🚂"
    usage = replies[-1].usage_metadata
    assert (usage.thoughts_token_count, usage.candidates_token_count, usage.total_token_count) == (9, 6, 19)


async def test_thoughts_can_be_asked_for(client: Any) -> None:
    assert text(await reply_to(client, False, thinking_config={"include_thoughts": True}), thought=True)


async def test_a_thinking_models_call_must_come_back_signed(client: Any) -> None:
    tools = [types.Tool(function_declarations=[WEATHER])]
    called = (await reply_to(client, False, model="sim-thinking-tools", tools=tools))[0].candidates[0].content
    result = types.Part.from_function_response(name="weather", response={"result": "sunny"})
    history = [types.UserContent("Weather?"), called, types.Content(role="user", parts=[result])]
    assert text(await reply_to(client, False, history, model="sim-thinking", tools=tools)) == "The tools said: sunny"
    for part in called.parts:
        part.thought_signature = None
    with pytest.raises(errors.ClientError, match="thought_signature"):
        await reply_to(client, False, history, model="sim-thinking", tools=tools)


@pytest.mark.parametrize(
    ("mode", "names", "called"),
    [
        pytest.param("ANY", None, ["weather"], id="any"),
        pytest.param("ANY", ["time"], ["time"], id="named"),
        pytest.param("NONE", None, [], id="none"),
        pytest.param("AUTO", None, [], id="auto"),
    ],
)
async def test_a_tool_choice_is_obeyed(client: Any, mode: str, names: list[str] | None, called: list[str]) -> None:
    replies = await reply_to(
        client,
        False,
        tools=[types.Tool(function_declarations=[WEATHER, TIME])],
        tool_config={"function_calling_config": {"mode": mode, "allowed_function_names": names}},
    )
    assert [part.function_call.name for part in parts(replies) if part.function_call] == called


@both
async def test_images_are_counted_and_measured(client: Any, stream: bool) -> None:
    image = bytes(range(256))
    contents = [
        "Look",
        types.Part.from_bytes(data=image, mime_type="image/png"),
        types.Part.from_uri(file_uri="https://example.com/cat.png", mime_type="image/png"),
    ]
    replies = await reply_to(client, stream, contents)
    assert text(replies) == "You said: Look I saw 2 images: 256 bytes, https://example.com/cat.png."
    assert base64.b64encode(image) != base64.urlsafe_b64encode(image), "the image must need the URL-safe alphabet"


@both
@pytest.mark.parametrize(
    ("config", "words", "reason"),
    [
        pytest.param(
            {"max_output_tokens": 3}, "You said: Grüße", types.FinishReason.MAX_TOKENS, id="max_output_tokens"
        ),
        pytest.param({"stop_sequences": [" aus"]}, "You said: Grüße", types.FinishReason.STOP, id="stop_sequences"),
    ],
)
async def test_limits_cut_the_answer(
    client: Any, stream: bool, config: Any, words: str, reason: types.FinishReason
) -> None:
    replies = await reply_to(client, stream, **config)
    assert (text(replies), replies[-1].candidates[0].finish_reason) == (words, reason)


async def test_cached_tokens_are_part_of_the_prompt(client: Any) -> None:
    usage = (await reply_to(client, False, model="sim-cached"))[0].usage_metadata
    assert (usage.prompt_token_count, usage.cached_content_token_count) == (4, 2)


ERRORS = [
    (400, errors.ClientError, "INVALID_ARGUMENT"),
    (401, errors.ClientError, "UNAUTHENTICATED"),
    (403, errors.ClientError, "PERMISSION_DENIED"),
    (404, errors.ClientError, "NOT_FOUND"),
    (429, errors.ClientError, "RESOURCE_EXHAUSTED"),
    (500, errors.ServerError, "INTERNAL"),
    (503, errors.ServerError, "UNAVAILABLE"),
]


@pytest.mark.parametrize(("status", "error", "name"), ERRORS, ids=[str(status) for status, _, _ in ERRORS])
@both
async def test_errors_are_the_sdks_own(
    client: Any, status: int, error: type[errors.APIError], name: str, stream: bool
) -> None:
    with pytest.raises(error) as raised:
        await reply_to(client, stream, model=f"sim-status-{status}")
    assert (raised.value.code, raised.value.status) == (status, name)
    assert raised.value.message == f"The simulator was told to answer {status}."


async def test_the_body_of_a_429_tells_when_to_retry_too(simulated: Simulator) -> None:
    body = {"contents": [{"parts": [{"text": "hi"}]}]}
    reply = await ask(f"{simulated.url}/v1beta/models/sim-status-429-retry-7:generateContent", body)
    assert reply.headers["retry-after"] == "7"
    assert [detail["retryDelay"] for detail in reply.json["error"]["details"]] == ["7s"]


async def test_an_error_inside_a_stream_has_googles_shape(simulated: Simulator) -> None:
    body = {"contents": [{"parts": [{"text": "hi"}]}]}
    reply = await ask(f"{simulated.url}/v1beta/models/sim-error-after-2:streamGenerateContent?alt=sse", body)
    assert reply.events[-1] == {
        "error": {"code": 500, "message": "The simulator was told to fail.", "status": "INTERNAL"}
    }


async def test_models_are_listed(simulated: Simulator, client: Any) -> None:
    assert "models/sim-tools" in [model.name async for model in await client.list()]
    assert (await client.get(model="anything")).name == "models/anything"
    listed = (await ask(f"{simulated.url}/v1beta/models")).json["models"]
    assert listed[0]["supportedGenerationMethods"] == ["generateContent", "countTokens"]
