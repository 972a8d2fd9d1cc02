"""Anthropic's own SDK talks to the simulator."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any

import anthropic
import pytest
from anthropic import AsyncAnthropic
from anthropic.types import Message, Usage

from tests.simulator.raw import ask
from turnout.simulator import Simulator

WEATHER: Any = {
    "name": "weather",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}},
}
TIME: Any = {"name": "time", "input_schema": {"type": "object"}}


def user_messages(content: Any = "Grüße aus Köln 🚂") -> Any:
    return [{"role": "user", "content": content}]


@pytest.fixture(scope="session")
async def client(simulated: Simulator) -> AsyncIterator[AsyncAnthropic]:
    async with AsyncAnthropic(base_url=simulated.url, api_key="key", max_retries=0) as anthropic_client:
        yield anthropic_client


async def reply_to(client: AsyncAnthropic, stream: bool, **request: Any) -> Any:
    """The whole message. The SDK joins a stream."""
    request = {"model": "sim", "max_tokens": 100, "messages": user_messages(), **request}
    if not stream:
        return await client.messages.create(**request)
    async with client.messages.stream(**request) as events:
        return await events.get_final_message()


both = pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])


@both
async def test_the_answer_repeats_the_user_and_counts_words(client: AsyncAnthropic, stream: bool) -> None:
    message = await reply_to(client, stream, system="Be brief.")
    assert [block.text for block in message.content] == ["You said: Grüße aus Köln 🚂"]
    assert (message.stop_reason, message.stop_sequence, message.model) == ("end_turn", None, "sim")
    assert (message.usage.input_tokens, message.usage.output_tokens) == (6, 6)


async def test_a_stream_has_anthropics_events_in_their_order(client: AsyncAnthropic) -> None:
    stream = await client.messages.create(model="sim", max_tokens=100, messages=user_messages("hi"), stream=True)
    types = [event.type async for event in stream]
    block = ["content_block_start", *["content_block_delta"] * 3, "content_block_stop"]
    assert types == ["message_start", *block, "message_delta", "message_stop"]


@both
async def test_a_message_has_the_fields_of_the_sdks_type(client: AsyncAnthropic, stream: bool) -> None:
    """Of those that Anthropic always sends, but for its own tools and options."""
    message = await reply_to(client, stream, model="sim-thinking-tools", tools=[WEATHER])
    assert set(Message.model_fields) - message.model_fields_set == {"container", "diagnostics"}
    assert set(Usage.model_fields) - message.usage.model_fields_set == {"server_tool_use", "speed"}
    assert message.usage.output_tokens_details.thinking_tokens == 9
    assert message.content[1].caller.type == "direct"


@both
async def test_parallel_calls(client: AsyncAnthropic, stream: bool) -> None:
    message = await reply_to(client, stream, model="sim-parallel-tools", tools=[WEATHER, TIME])
    called = [(block.name, block.input) for block in message.content if block.type == "tool_use"]
    assert called == [("weather", {"city": "city 1", "days": 1}), ("time", {})]
    assert len({block.id for block in message.content}) == 2
    assert message.stop_reason == "tool_use"


@both
async def test_thinking_is_signed_and_taken_back_with_its_signature(client: AsyncAnthropic, stream: bool) -> None:
    first = await reply_to(client, stream, model="sim-thinking-tools", tools=[WEATHER])
    assert [block.type for block in first.content] == ["thinking", "tool_use"]
    assert first.content[0].thinking == "The user wrote 4 words. I answer with them."
    result = {"type": "tool_result", "tool_use_id": first.content[1].id, "content": "sunny"}
    history = [*user_messages(), {"role": "assistant", "content": first.content}, *user_messages([result])]
    second = await reply_to(client, stream, messages=history, tools=[WEATHER])
    assert second.content[0].text == "The tools said: sunny"
    first.content[0].signature = "forged"
    with pytest.raises(anthropic.BadRequestError, match="signature"):
        await reply_to(client, stream, messages=history, tools=[WEATHER])


async def test_thinking_can_be_asked_for(client: AsyncAnthropic) -> None:
    message = await reply_to(client, False, max_tokens=2000, thinking={"type": "enabled", "budget_tokens": 1024})
    assert [block.type for block in message.content] == ["thinking", "text"]


@pytest.mark.parametrize(
    ("choice", "called"),
    [
        pytest.param({"type": "any"}, ["weather"], id="any"),
        pytest.param({"type": "tool", "name": "time"}, ["time"], id="named"),
        pytest.param({"type": "none"}, [], id="none"),
        pytest.param({"type": "auto"}, [], id="auto"),
    ],
)
async def test_a_tool_choice_is_obeyed(client: AsyncAnthropic, choice: Any, called: list[str]) -> None:
    message = await reply_to(client, False, tools=[WEATHER, TIME], tool_choice=choice)
    assert [block.name for block in message.content if block.type == "tool_use"] == called


@both
async def test_images_are_counted_and_measured(client: AsyncAnthropic, stream: bool) -> None:
    data = base64.b64encode(bytes(70)).decode()
    content = [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}},
        {"type": "image", "source": {"type": "url", "url": "https://example.com/cat.png"}},
        {"type": "text", "text": "Look"},
    ]
    message = await reply_to(client, stream, messages=user_messages(content))
    assert message.content[0].text == "You said: Look I saw 2 images: 70 bytes, https://example.com/cat.png."


@both
@pytest.mark.parametrize(
    ("options", "text", "reason", "sequence"),
    [
        pytest.param({"max_tokens": 3}, "You said: Grüße", "max_tokens", None, id="max_tokens"),
        pytest.param({"stop_sequences": [" aus"]}, "You said: Grüße", "stop_sequence", " aus", id="stop_sequences"),
    ],
)
async def test_limits_cut_the_answer(
    client: AsyncAnthropic, stream: bool, options: Any, text: str, reason: str, sequence: str | None
) -> None:
    message = await reply_to(client, stream, **options)
    assert (message.content[0].text, message.stop_reason, message.stop_sequence) == (text, reason, sequence)


@both
async def test_cached_tokens_are_told_apart_from_the_input(client: AsyncAnthropic, stream: bool) -> None:
    message = await reply_to(
        client, stream, model="sim-cached", messages=user_messages("one two three four five six seven 8")
    )
    usage = message.usage
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.cache_creation_input_tokens) == (2, 4, 2)


ERRORS = [
    (400, anthropic.BadRequestError, "invalid_request_error"),
    (401, anthropic.AuthenticationError, "authentication_error"),
    (403, anthropic.PermissionDeniedError, "permission_error"),
    (404, anthropic.NotFoundError, "not_found_error"),
    (413, anthropic.APIStatusError, "request_too_large"),
    (429, anthropic.RateLimitError, "rate_limit_error"),
    (500, anthropic.InternalServerError, "api_error"),
    (529, anthropic.InternalServerError, "overloaded_error"),
]


@pytest.mark.parametrize(("status", "error", "kind"), ERRORS, ids=[str(status) for status, _, _ in ERRORS])
async def test_errors_are_the_sdks_own(
    client: AsyncAnthropic, status: int, error: type[anthropic.APIStatusError], kind: str
) -> None:
    with pytest.raises(error) as raised:
        await reply_to(client, False, model=f"sim-status-{status}")
    assert raised.value.status_code == status
    assert raised.value.body == {
        "type": "error",
        "error": {"type": kind, "message": f"The simulator was told to answer {status}."},
    }
    assert raised.value.request_id is not None


async def test_an_error_inside_a_stream_raises(client: AsyncAnthropic) -> None:
    with pytest.raises(anthropic.APIStatusError, match="told to fail"):
        await reply_to(client, True, model="sim-error-after-2")


@pytest.mark.parametrize(
    "messages",
    [
        pytest.param([], id="none"),
        pytest.param([{"role": "system", "content": "x"}], id="unknown role"),
        pytest.param(user_messages([{"type": "tool_result", "tool_use_id": "nobody"}]), id="result without call"),
        pytest.param(
            [
                *user_messages(),
                {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "f", "input": {}}]},
                *user_messages(),
            ],
            id="call without result",
        ),
    ],
)
async def test_messages_that_anthropic_refuses_are_refused(client: AsyncAnthropic, messages: Any) -> None:
    with pytest.raises(anthropic.BadRequestError):
        await reply_to(client, False, messages=messages)


@pytest.mark.parametrize(
    ("headers", "body", "words"),
    [
        pytest.param(
            {}, {"model": "m", "max_tokens": 1, "messages": user_messages()}, "anthropic-version", id="version"
        ),
        pytest.param(
            {"anthropic-version": "2023-06-01"}, {"model": "m", "messages": user_messages()}, "max_tokens", id="limit"
        ),
    ],
)
async def test_what_anthropic_requires_is_required(
    simulated: Simulator, headers: dict[str, str], body: Any, words: str
) -> None:
    reply = await ask(f"{simulated.url}/v1/messages", body, headers)
    assert reply.status == 400
    assert words in reply.json["error"]["message"]


async def test_models_are_listed_in_anthropics_shape(client: AsyncAnthropic) -> None:
    models = [model async for model in client.models.list()]
    assert "sim-tools" in [model.id for model in models]
    assert {model.type for model in models} == {"model"}
    assert (await client.models.retrieve("anything")).id == "anything"
