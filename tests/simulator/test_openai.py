"""OpenAI's own SDK talks to the simulator, on every path that speaks OpenAI's wire."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import openai
import pytest
from openai import AsyncAzureOpenAI, AsyncOpenAI

from turnout.simulator import Simulator

Client = AsyncOpenAI | AsyncAzureOpenAI

CLIENTS: dict[str, Callable[[str], Client]] = {
    "openai": lambda url: AsyncOpenAI(base_url=f"{url}/v1", api_key="key", max_retries=0),
    "azure-deployment": lambda url: AsyncAzureOpenAI(
        azure_endpoint=url, api_version="2024-10-21", api_key="key", max_retries=0
    ),
    "azure-v1": lambda url: AsyncOpenAI(base_url=f"{url}/openai/v1", api_key="key", max_retries=0),
    "vllm": lambda url: AsyncOpenAI(base_url=f"{url}/vllm/v1", api_key="key", max_retries=0),
    "llamacpp": lambda url: AsyncOpenAI(base_url=f"{url}/llamacpp/v1", api_key="key", max_retries=0),
    "compatible": lambda url: AsyncOpenAI(base_url=f"{url}/compatible/v1", api_key="key", max_retries=0),
}

WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}},
    },
}
TIME: Any = {"type": "function", "function": {"name": "time"}}


def user_messages(text: str = "Grüße aus Köln 🚂") -> Any:
    return [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}]


@pytest.fixture(scope="session")
async def clients(simulated: Simulator) -> AsyncIterator[Mapping[str, Client]]:
    clients = {vendor: make(simulated.url) for vendor, make in CLIENTS.items()}
    yield clients
    for client in clients.values():
        await client.close()


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest, clients: Mapping[str, Client]) -> Client:
    return clients[request.param]


@pytest.fixture
def plain(clients: Mapping[str, Client]) -> Client:
    return clients["openai"]


async def test_a_unary_answer_repeats_the_user_and_counts_words(client: Client) -> None:
    reply = await client.chat.completions.create(model="sim", messages=user_messages())
    assert reply.choices[0].message.content == "You said: Grüße aus Köln 🚂"
    assert reply.choices[0].finish_reason == "stop"
    assert reply.model == "sim"
    assert reply.usage is not None
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens, reply.usage.total_tokens) == (6, 6, 12)


async def test_a_stream_says_the_same_word_by_word(client: Client) -> None:
    stream = await client.chat.completions.create(
        model="sim", messages=user_messages(), stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    words = [choice.delta.content for chunk in chunks for choice in chunk.choices if choice.delta.content]
    assert words == ["You", " said:", " Grüße", " aus", " Köln", " 🚂"]
    assert [choice.finish_reason for chunk in chunks for choice in chunk.choices][-1] == "stop"
    usage = chunks[-1].usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens) == (6, 6)


async def test_a_stream_tells_usage_only_when_asked(plain: Client) -> None:
    stream = await plain.chat.completions.create(model="sim", messages=user_messages(), stream=True)
    assert [chunk.usage async for chunk in stream if chunk.usage] == []


async def test_azure_streams_begin_with_a_chunk_without_choices(clients: Mapping[str, Client]) -> None:
    stream = await clients["azure-deployment"].chat.completions.create(
        model="sim", messages=user_messages(), stream=True
    )
    first = await anext(aiter(stream))
    assert (first.id, first.model, first.choices) == ("", "", [])


async def test_parallel_calls_are_streamed_in_pieces(client: Client) -> None:
    stream = await client.chat.completions.create(
        model="sim-parallel-tools", messages=user_messages(), tools=[WEATHER, TIME], stream=True
    )
    calls: dict[int, list[str]] = {}
    pieces = 0
    async for chunk in stream:
        for call in chunk.choices[0].delta.tool_calls or () if chunk.choices else ():
            assert call.function is not None
            pieces += 1
            if call.id:
                calls[call.index] = [call.id, call.function.name or "", ""]
            calls[call.index][2] += call.function.arguments or ""
        finish = chunk.choices[0].finish_reason if chunk.choices else None
    assert [call[1:] for call in calls.values()] == [["weather", '{"city":"city 1","days":1}'], ["time", "{}"]]
    assert len({call[0] for call in calls.values()}) == 2
    assert (pieces, finish) == (7, "tool_calls")


@pytest.mark.parametrize(
    ("model", "choice", "called"),
    [
        pytest.param("sim-tools", "auto", ["weather"], id="by the model's name"),
        pytest.param("sim", "auto", [], id="not asked for"),
        pytest.param("sim", "required", ["weather"], id="required"),
        pytest.param("sim", {"type": "function", "function": {"name": "time"}}, ["time"], id="named"),
        pytest.param("sim-tools", "none", [], id="forbidden"),
    ],
)
async def test_the_first_tool_is_called_when_asked_for(
    plain: Client, model: str, choice: Any, called: list[str]
) -> None:
    reply = await plain.chat.completions.create(
        model=model, messages=user_messages(), tools=[WEATHER, TIME], tool_choice=choice
    )
    calls: list[Any] = list(reply.choices[0].message.tool_calls or ())
    assert [call.function.name for call in calls] == called


async def test_the_user_can_ask_for_tools(plain: Client) -> None:
    reply = await plain.chat.completions.create(
        model="sim", messages=user_messages("Please use all tools."), tools=[WEATHER, TIME]
    )
    assert len(reply.choices[0].message.tool_calls or ()) == 2


async def test_tool_results_are_answered_with_text(plain: Client) -> None:
    first = await plain.chat.completions.create(model="sim-parallel-tools", messages=user_messages(), tools=[WEATHER])
    called: Any = first.choices[0].message
    calls: list[Any] = list(called.tool_calls)
    results: Any = [{"role": "tool", "tool_call_id": call.id, "content": f"sunny in {call.id}"} for call in calls]
    reply = await plain.chat.completions.create(
        model="sim-parallel-tools", messages=[*user_messages(), called, *results], tools=[WEATHER]
    )
    assert reply.choices[0].message.content == f"The tools said: sunny in {calls[0].id}; sunny in {calls[1].id}"


@pytest.mark.parametrize(
    ("choice", "called"),
    [
        ("auto", []),
        ("required", ["time"]),
        ({"type": "function", "function": {"name": "weather"}}, ["weather"]),
    ],
    ids=["auto", "required", "named"],
)
async def test_a_forced_tool_is_called_after_results_too(plain: Client, choice: Any, called: list[str]) -> None:
    call = {"id": "a", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    result = {"role": "tool", "tool_call_id": "a", "content": "sunny"}
    turn: list[Any] = [{"role": "assistant", "tool_calls": [call]}, result]
    reply = await plain.chat.completions.create(
        model="sim", messages=[*user_messages(), *turn], tools=[WEATHER, TIME], tool_choice=choice
    )
    calls: list[Any] = list(reply.choices[0].message.tool_calls or ())
    assert [each.function.name for each in calls] == called


@pytest.mark.parametrize(
    "messages",
    [
        pytest.param([{"role": "tool", "tool_call_id": "nobody", "content": "x"}], id="result without call"),
        pytest.param(
            [
                {
                    "role": "assistant",
                    "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": ""}}],
                },
                {"role": "user", "content": "hello"},
            ],
            id="call without result",
        ),
        pytest.param([], id="none"),
        pytest.param([{"role": "robot", "content": "x"}], id="unknown role"),
        pytest.param([{"role": "user", "content": [{"type": "video"}]}], id="unknown part"),
    ],
)
async def test_messages_that_openai_refuses_are_refused(plain: Client, messages: Any) -> None:
    with pytest.raises(openai.BadRequestError):
        await plain.chat.completions.create(model="sim", messages=messages)


async def test_images_are_counted_and_measured(client: Client) -> None:
    data = base64.b64encode(bytes(70)).decode()
    content: Any = [
        {"type": "text", "text": "Look"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}},
        {"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}},
    ]
    reply = await client.chat.completions.create(model="sim", messages=[{"role": "user", "content": content}])
    expected = "You said: Look I saw 2 images: 70 bytes, https://example.com/cat.png."
    assert reply.choices[0].message.content == expected
    assert reply.usage is not None
    assert reply.usage.prompt_tokens == 201


async def test_an_image_that_is_not_base64_is_refused(plain: Client) -> None:
    content: Any = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,%%%"}}]
    with pytest.raises(openai.BadRequestError, match="base64"):
        await plain.chat.completions.create(model="sim", messages=[{"role": "user", "content": content}])


@pytest.mark.parametrize(
    ("vendor", "field", "counted"),
    [
        pytest.param("openai", None, 9, id="openai hides it"),
        pytest.param("vllm", "reasoning", None, id="vllm"),
        pytest.param("llamacpp", "reasoning_content", None, id="llamacpp"),
    ],
)
@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
async def test_thinking_is_billed_and_shown_as_the_vendor_does(
    simulated: Simulator,
    clients: Mapping[str, Client],
    vendor: str,
    field: str | None,
    counted: int | None,
    stream: bool,
) -> None:
    client = clients[vendor]
    thought = ""
    if stream:
        async for chunk in await client.chat.completions.create(
            model="sim-thinking", messages=user_messages(), stream=True, stream_options={"include_usage": True}
        ):
            for choice in chunk.choices:
                thought += (choice.delta.model_extra or {}).get(field or "reasoning", "")
            usage = chunk.usage
    else:
        reply = await client.chat.completions.create(model="sim-thinking", messages=user_messages())
        thought, usage = (reply.choices[0].message.model_extra or {}).get(field or "reasoning", ""), reply.usage
    assert thought == ("The user wrote 4 words. I answer with them." if field else "")
    assert usage is not None
    details = usage.completion_tokens_details
    assert (details.reasoning_tokens if details else None) == counted
    assert usage.completion_tokens == 15
    assert simulated.attempts[-1].tokens_out == 15


@pytest.mark.parametrize(
    ("options", "text", "finish"),
    [
        pytest.param({"max_completion_tokens": 3}, "You said: Grüße", "length", id="max_completion_tokens"),
        pytest.param({"max_tokens": 1}, "You", "length", id="max_tokens"),
        pytest.param({"stop": " aus"}, "You said: Grüße", "stop", id="stop"),
        pytest.param({"stop": ["Köln", "aus"]}, "You said: Grüße ", "stop", id="the stop that comes first"),
    ],
)
async def test_limits_cut_the_answer(plain: Client, options: Any, text: str, finish: str) -> None:
    reply = await plain.chat.completions.create(model="sim", messages=user_messages(), **options)
    assert (reply.choices[0].message.content, reply.choices[0].finish_reason) == (text, finish)


async def test_several_choices_are_all_billed(plain: Client) -> None:
    reply = await plain.chat.completions.create(model="sim", messages=user_messages("hi"), n=2)
    assert [choice.message.content for choice in reply.choices] == ["You said: hi"] * 2
    assert reply.usage is not None
    assert reply.usage.completion_tokens == 6
    stream = await plain.chat.completions.create(model="sim", messages=user_messages("hi"), n=2, stream=True)
    texts = ["", ""]
    async for chunk in stream:
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
    assert texts == ["You said: hi"] * 2


async def test_the_thinking_of_several_choices_is_all_billed(plain: Client) -> None:
    reply = await plain.chat.completions.create(model="sim-thinking", messages=user_messages("hi"), n=2)
    assert reply.usage is not None
    assert reply.usage.completion_tokens_details is not None
    assert (reply.usage.completion_tokens, reply.usage.completion_tokens_details.reasoning_tokens) == (24, 18)


async def test_cached_tokens_are_part_of_the_prompt(plain: Client) -> None:
    reply = await plain.chat.completions.create(
        model="sim-cached", messages=user_messages("one two three four five six")
    )
    assert reply.usage is not None
    assert reply.usage.prompt_tokens_details is not None
    assert (reply.usage.prompt_tokens, reply.usage.prompt_tokens_details.cached_tokens) == (8, 4)


ERRORS = [
    (400, openai.BadRequestError),
    (401, openai.AuthenticationError),
    (403, openai.PermissionDeniedError),
    (404, openai.NotFoundError),
    (409, openai.ConflictError),
    (422, openai.UnprocessableEntityError),
    (429, openai.RateLimitError),
    (500, openai.InternalServerError),
    (503, openai.InternalServerError),
]


@pytest.mark.parametrize(("status", "error"), ERRORS, ids=[str(status) for status, _ in ERRORS])
async def test_errors_are_the_sdks_own(client: Client, status: int, error: type[openai.APIStatusError]) -> None:
    with pytest.raises(error) as raised:
        await client.chat.completions.create(model=f"sim-status-{status}", messages=user_messages())
    assert raised.value.status_code == status
    assert isinstance(raised.value.body, dict)
    assert raised.value.body["message"] == f"The simulator was told to answer {status}."


async def test_a_stream_can_be_refused(plain: Client) -> None:
    with pytest.raises(openai.RateLimitError):
        await plain.chat.completions.create(model="sim-status-429", messages=user_messages(), stream=True)


@pytest.mark.parametrize(
    ("vendor", "code"),
    [
        ("openai", "model_not_found"),
        ("azure-deployment", "DeploymentNotFound"),
        ("vllm", 404),
        ("llamacpp", 404),
    ],
)
async def test_a_missing_model_has_the_vendors_code(
    clients: Mapping[str, Client], vendor: str, code: str | int
) -> None:
    with pytest.raises(openai.NotFoundError) as raised:
        await clients[vendor].chat.completions.create(model="sim-status-404", messages=user_messages())
    assert isinstance(raised.value.body, dict)
    assert raised.value.body["code"] == code


async def test_an_error_inside_a_stream_raises(client: Client) -> None:
    stream = await client.chat.completions.create(model="sim-error-after-2", messages=user_messages(), stream=True)
    words: list[str | None] = []

    async def listen() -> None:
        async for chunk in stream:
            words.extend(choice.delta.content for choice in chunk.choices if choice.delta.content)

    with pytest.raises(openai.APIError, match="told to fail"):
        await listen()
    assert words == ["You", " said:"]


async def test_azure_wants_its_api_version(simulated: Simulator) -> None:
    client = AsyncOpenAI(base_url=f"{simulated.url}/openai/deployments/sim", api_key="key", max_retries=0)
    with pytest.raises(openai.NotFoundError):
        await client.chat.completions.create(model="sim", messages=user_messages())


async def test_models_are_listed(client: Client) -> None:
    assert "sim-tools" in [model.id async for model in client.models.list()]


async def test_one_model_is_told(plain: Client) -> None:
    assert (await plain.models.retrieve("anything")).id == "anything"
