"""OpenAI's own SDK talks Responses to the simulator."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai import AsyncOpenAI, BadRequestError
from openai.types.responses import CompactedResponse, Response

from turnout.simulator import Simulator
from turnout.simulator.answer import answer
from turnout.simulator.http import Request
from turnout.simulator.refused import Refused
from turnout.simulator.script import Script
from turnout.simulator.wires import openai_responses
from turnout.simulator.wires.openai import OPENAI

WEATHER: Any = {
    "type": "function",
    "name": "weather",
    "strict": False,
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}},
}
TIME: Any = {"type": "function", "name": "time", "strict": False, "parameters": {"type": "object"}}


@pytest.fixture
def client(simulated: Simulator) -> AsyncOpenAI:
    return AsyncOpenAI(base_url=f"{simulated.url}/v1", api_key="key", max_retries=0)


@pytest.fixture(params=[False, True], ids=["unary", "stream"])
def stream(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


async def reply_to(client: AsyncOpenAI, stream: bool, content: Any = "one two three", **more: Any) -> Any:
    """The whole response. The SDK joins a stream, and checks the order of its events."""
    request = {"model": "sim", "input": content} | more
    if not stream:
        return await client.responses.create(**request)
    async with client.responses.stream(**request) as events:
        async for _ in events:
            pass
        return await events.get_final_response()


async def test_text_and_usage(client: AsyncOpenAI, stream: bool) -> None:
    reply = await reply_to(client, stream, instructions="Be brief.")
    assert (reply.output_text, reply.status) == ("You said: one two three", "completed")
    assert (reply.usage.input_tokens, reply.usage.output_tokens, reply.usage.total_tokens) == (5, 5, 10)


async def test_a_limit_leaves_it_incomplete(client: AsyncOpenAI) -> None:
    reply = await reply_to(client, False, "word " * 20, max_output_tokens=16)
    assert (len(reply.output_text.split()), reply.status, reply.incomplete_details.reason) == (
        16,
        "incomplete",
        "max_output_tokens",
    )


async def test_parallel_calls_and_their_results(client: AsyncOpenAI, stream: bool) -> None:
    first = await reply_to(client, stream, "Please use all tools.", tools=[WEATHER, TIME])
    calls = [item for item in first.output if item.type == "function_call"]
    assert [(call.name, call.arguments) for call in calls] == [
        ("weather", '{"city":"city 1","days":1}'),
        ("time", "{}"),
    ]
    user_messages = [{"role": "user", "content": "Weather?"}]
    sent = [{"type": "function_call", "call_id": c.call_id, "name": c.name, "arguments": c.arguments} for c in calls]
    results = [{"type": "function_call_output", "call_id": call.call_id, "output": call.name} for call in calls]
    assert (
        await reply_to(client, stream, [*user_messages, *sent, *results])
    ).output_text == "The tools said: weather; time"
    with pytest.raises(BadRequestError, match="No tool output found"):
        await reply_to(client, False, [*user_messages, *sent, *results[:1]])
    with pytest.raises(BadRequestError, match="No tool call found"):
        await reply_to(client, False, [*user_messages, *results])


async def test_reasoning_comes_back_as_it_was(client: AsyncOpenAI, stream: bool) -> None:
    more: Any = {"reasoning": {"effort": "low", "summary": "auto"}, "include": ["reasoning.encrypted_content"]}
    reply = await reply_to(client, stream, **more)
    item = reply.output[0]
    assert item.summary[0].text == "The user wrote 3 words. I answer with them."
    assert reply.usage.output_tokens_details.reasoning_tokens == 9
    own = {"type": "reasoning", "summary": [part.model_dump() for part in item.summary]}
    turn = {"role": "user", "content": "And?"}
    again = await reply_to(client, False, [{**own, "encrypted_content": item.encrypted_content}, turn])
    assert again.output_text == "You said: And?"
    with pytest.raises(BadRequestError, match="could not be verified"):
        await reply_to(client, False, [{**own, "encrypted_content": "forged"}, turn])


async def test_a_schema_is_kept_to(client: AsyncOpenAI, stream: bool) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    reply = await reply_to(
        client, stream, text={"format": {"type": "json_schema", "name": "city", "schema": schema, "strict": False}}
    )
    assert reply.output_text == '{"city":"city 1"}'


async def test_a_refusal_has_its_own_part(client: AsyncOpenAI, stream: bool) -> None:
    reply = await reply_to(client, stream, model="sim-refusal")
    assert [part.type for part in reply.output[0].content] == ["refusal"]


async def test_logprobs_come_when_asked_for(client: AsyncOpenAI, stream: bool) -> None:
    reply = await reply_to(client, stream, include=["message.output_text.logprobs"], top_logprobs=2)
    logprobs = reply.output[0].content[0].logprobs
    assert [logprob.token for logprob in logprobs] == ["You", " said:", " one", " two", " three"]
    assert [len(logprob.top_logprobs) for logprob in logprobs] == [2] * 5


async def test_an_error_inside_a_stream(client: AsyncOpenAI) -> None:
    """The SDK gives it as an event."""
    events: list[Any] = [
        event async for event in await client.responses.create(model="sim-error-after-2", input="Hi", stream=True)
    ]
    assert (events[-1].type, events[-1].message) == ("error", "The simulator was told to fail.")


async def test_an_answer_that_was_kept_can_be_continued(client: AsyncOpenAI, stream: bool) -> None:
    first = await reply_to(client, stream, "Please use a tool.", tools=[WEATHER])
    (call,) = [item for item in first.output if item.type == "function_call"]
    output = {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}
    second = await reply_to(client, stream, [output], previous_response_id=first.id)
    assert second.output_text == "The tools said: sunny"


async def test_an_answer_that_was_not_kept_can_not(client: AsyncOpenAI) -> None:
    first = await reply_to(client, False, store=False)
    with pytest.raises(BadRequestError, match="not found"):
        await reply_to(client, False, previous_response_id=first.id)


def test_the_last_answers_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai_responses, "KEPT", 2)
    wire = openai_responses.Responses(OPENAI)

    def response_id(number: int, **more: Any) -> Any:
        body = json.dumps({"model": "sim", "input": "one", **more}).encode()
        question = wire.read(Request("POST", "/v1/responses", {}, {}, body), {})
        return json.loads(wire.body(question, answer(question, Script(), number)))["id"]

    first, *last = [response_id(number) for number in range(3)]
    for previous in last:
        response_id(9, previous_response_id=previous, store=False)
    with pytest.raises(Refused, match="not found"):
        response_id(9, previous_response_id=first, store=False)


# --- what a response repeats of its request -----------------------------------------------------------


async def test_a_response_repeats_the_fields_of_its_request(client: AsyncOpenAI, stream: bool) -> None:
    said: dict[str, Any] = {
        "instructions": "Be brief.",
        "max_output_tokens": 50,
        "metadata": {"a": "b"},
        "reasoning": {"effort": "low"},
        "temperature": 0.5,
        "text": {"verbosity": "low"},
        "tool_choice": "none",
        "tools": [WEATHER],
        "prompt_cache_key": "k",
        "service_tier": "flex",
        "store": False,
    }
    whole = (await reply_to(client, stream, **said)).model_dump()
    more = {"reasoning": {"effort": "low", "summary": None}, "text": {"format": {"type": "text"}, "verbosity": "low"}}
    for name, value in (said | more).items():
        shown = whole[name]
        if isinstance(value, dict) and isinstance(shown, dict):
            shown = {inner: shown[inner] for inner in value}
        assert (name, shown) == (name, value) or name == "tools"
    (tool,) = whole["tools"]
    assert {name: tool[name] for name in WEATHER} == WEATHER


async def test_a_response_has_the_fields_of_the_sdks_type(client: AsyncOpenAI, stream: bool) -> None:
    """Of those that OpenAI always sends: the others belong to images, stored prompts and new options."""
    whole = await reply_to(client, stream)
    optional = {"access_programs", "conversation", "image", "input_transformations", "prompt"}
    optional |= {"prompt_cache_diagnostics", "prompt_cache_options", "moderation"}
    assert set(Response.model_fields) - optional - whole.model_fields_set == set()
    assert whole.completed_at >= whole.created_at
    assert (whole.tools, whole.tool_choice, whole.service_tier) == ([], "auto", "default")


# --- making it short, and counting --------------------------------------------------------------------

LONG: Any = [
    {"role": "user", "content": "one two"},
    {"role": "assistant", "content": "three"},
    {"role": "user", "content": [{"type": "input_text", "text": "four"}]},
]


async def test_a_compacted_conversation_goes_on(client: AsyncOpenAI) -> None:
    raw = await client.responses.with_raw_response.compact(model="sim", input=LONG)
    short, again = raw.parse(), json.loads(raw.content)["output"]
    assert CompactedResponse.model_fields.keys() - short.model_fields_set == {"image"}
    assert [item.type for item in short.output] == ["message", "message", "compaction"]
    assert (short.object, short.usage.input_tokens) == ("response.compaction", 4)
    reply = await client.responses.create(model="sim", input=[*again, {"role": "user", "content": "five"}])
    assert reply.output_text == "You said: five"
    assert reply.usage is not None
    assert reply.usage.input_tokens == 7  # the user's four words, and the three of the summary


async def test_the_conversation_to_compact_may_be_at_openai(client: AsyncOpenAI) -> None:
    first = await client.responses.create(model="sim", input="one two")
    short = await client.responses.compact(model="sim", previous_response_id=first.id, input="three")
    assert [item.type for item in short.output] == ["message", "message", "compaction"]


async def test_a_changed_compaction_is_refused(client: AsyncOpenAI) -> None:
    items: Any = [{"type": "compaction", "encrypted_content": "bm8=.x"}, {"role": "user", "content": "hi"}]
    with pytest.raises(BadRequestError, match="could not be verified"):
        await client.responses.create(model="sim", input=items)


async def test_the_tokens_of_an_input_are_counted(client: AsyncOpenAI) -> None:
    counted = await client.responses.input_tokens.count(model="sim", input=LONG, tools=[WEATHER])
    assert (counted.object, counted.input_tokens) == ("response.input_tokens", 14)
