"""Whole answers: what comes back, from every provider, and what is refused."""

from __future__ import annotations

import asyncio
import gc
import json
from decimal import Decimal
from typing import Any

import pytest
from openai.types.chat import ChatCompletion

import turnout
from tests.library.support import PROVIDERS, attempts, configured, user, wait_until, written
from tests.support.whole_requests import read_whole
from turnout import errors
from turnout.core import ToolCall, Usage
from turnout.dialects import endpoint_at
from turnout.library.exchange import Exchange
from turnout.simulator import Simulator

WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"town": {"type": "string"}}},
    },
}


async def test_a_reply_says_what_came_and_what_it_took(sim: Simulator) -> None:
    price = {"input": 1.5, "output": 0.000001}
    config = configured(sim.url, {"fast": {"deployments": ["openai/sim"], "price": price}}, aliases={"HOST": "fast"})
    async with turnout.open(config) as t:
        reply = await t.chat(model="HOST", messages=user("one two three"))
    assert (reply.text, reply.tool_calls, reply.finish) == ("You said: one two three", (), "stop")
    assert reply.usage == Usage(input=3, output=5, source="reported")
    assert reply.cost_usd == Decimal("0.000004500005")
    assert (reply.model, reply.deployment, reply.provider, reply.attempts) == ("fast", "openai/sim", "openai", 1)
    assert reply.request_id.startswith("req_")


async def test_raw_is_a_chat_completion_of_openais(sim: Simulator) -> None:
    async with turnout.open(configured(sim.url, {"m": "anthropic/sim-thinking"})) as t:
        reply = await t.chat(model="m", messages=user("hello"))
    completion = ChatCompletion.model_validate(reply.raw)
    assert completion.choices[0].message.content == reply.text == "You said: hello"
    assert completion.usage is not None
    assert completion.usage.total_tokens == reply.usage.total
    assert reply.raw["choices"][0]["message"]["reasoning_content"].startswith("The user wrote")


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_every_provider_answers_whole_and_streamed_alike(sim: Simulator, provider: str) -> None:
    async with turnout.open(configured(sim.url, {"m": f"{provider}/sim"})) as t:
        whole = await t.chat(model="m", messages=user("Grüße, wie geht's?"))
        stream = t.stream(model="m", messages=user("Grüße, wie geht's?"))
        pieces = [piece async for piece in stream.pieces()]
    assert whole.text == "".join(pieces) == stream.reply.text == "You said: Grüße, wie geht's?"
    assert len(pieces) > 1
    assert (whole.usage, whole.finish, whole.provider) == (stream.reply.usage, stream.reply.finish, provider)
    assert [attempt.stream for attempt in sim.attempts] == [False, True]


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_tools_result_goes_back_with_the_message_that_called_it(sim: Simulator, provider: str) -> None:
    async with turnout.open(configured(sim.url, {"m": f"{provider}/sim-tools"})) as t:
        messages: list[Any] = user("How is the weather?")
        first = await t.chat(model="m", messages=messages, tools=[WEATHER])
        (call,) = first.tool_calls
        assert (first.finish, call.name, json.loads(call.arguments)) == ("tool_calls", "weather", {"town": "town 1"})
        messages += [
            first.raw["choices"][0]["message"],
            {"role": "tool", "tool_call_id": call.id, "content": "21 degrees"},
        ]
        answered = await t.chat(model="m", messages=messages, tools=[WEATHER])
    assert (answered.text, answered.tool_calls) == ("The tools said: 21 degrees", ())


async def test_several_choices_are_all_in_raw(sim: Simulator) -> None:
    async with turnout.open(configured(sim.url, {"m": "openai/sim"})) as t:
        reply = await t.chat(model="m", messages=user("hi"), n=3)
    assert [choice["message"]["content"] for choice in reply.raw["choices"]] == ["You said: hi"] * 3
    assert reply.text == "You said: hi"


async def test_many_requests_at_once(sim: Simulator) -> None:
    async with turnout.open(configured(sim.url, {"m": "openai/sim"})) as t:
        replies = await asyncio.gather(*(t.chat(model="m", messages=user(f"number {n}")) for n in range(50)))
    assert [reply.text for reply in replies] == [f"You said: number {n}" for n in range(50)]
    assert len({reply.request_id for reply in replies}) == 50


async def test_a_fallback_answers_and_says_so(sim: Simulator) -> None:
    model = {"deployments": ["openai/sim-status-404"], "fallbacks": ["spare"]}
    async with turnout.open(configured(sim.url, {"m": model, "spare": "anthropic/sim"})) as t:
        reply = await t.chat(model="m", messages=user("hi"))
    assert (reply.model, reply.deployment, reply.provider, reply.attempts) == ("m", "anthropic/sim", "anthropic", 2)


async def test_the_ledger_has_every_attempt_with_its_cost(sim: Simulator) -> None:
    model = {"deployments": ["openai/sim-status-404", "openai/sim"], "price": {"input": 1, "output": 2}}
    async with turnout.open(configured(sim.url, {"m": model}), data_dir="elsewhere") as t:
        reply = await t.chat(model="m", messages=user("hi"))
    rows = attempts("elsewhere")
    assert [(row["request_id"], row["outcome"], row["dialect"]) for row in rows] == [
        (reply.request_id, "failed", "library"),
        (reply.request_id, "ok", "library"),
    ]
    assert reply.cost_usd is not None
    assert rows[1]["cost"] == int(reply.cost_usd * 10**12) == 1_000_000 + 3 * 2_000_000


async def test_agents_are_models_of_their_name(sim: Simulator) -> None:
    agents = f"HOST_AGENT: {{API_TYPE: OpenAI, API_BASE: '{sim.url}/v1', API_KEY: sk-x, API_MODEL: sim}}"
    async with turnout.open(agents=written("agents.yaml", agents)) as t:
        reply = await t.chat(model="HOST_AGENT", messages=user("hi"))
    assert (reply.model, reply.text) == ("HOST_AGENT", "You said: hi")


async def test_a_changed_file_takes_effect_while_it_is_open(sim: Simulator) -> None:
    async with turnout.open(configured(sim.url, {"m": "openai/sim-words-1"})) as t:
        assert (await t.chat(model="m", messages=user("hi"))).text == "word1"
        configured(sim.url, {"m": "openai/sim-words-2"})
        async with asyncio.timeout(10):
            while (await t.chat(model="m", messages=user("hi"))).text != "word1 word2":  # noqa: ASYNC110  # a file is read
                await asyncio.sleep(0.05)


# --- what is refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "param"),
    [
        pytest.param({"messages": []}, "messages", id="no messages"),
        pytest.param({"messages": [{"role": "wizard", "content": "x"}]}, "messages[0].role", id="a wrong role"),
        pytest.param({"temperature": 9}, "temperature", id="out of bounds"),
        pytest.param({"max_tokens": "many"}, "max_tokens", id="a wrong type"),
        pytest.param({"tools": [{"type": "function"}]}, "tools[0].function", id="deep inside"),
    ],
)
async def test_mistakes_are_those_of_the_openai_dialect(options: dict[str, Any], param: str) -> None:
    fields: dict[str, Any] = {"model": "echo", "messages": user("hi"), **options}
    with pytest.raises(errors.InvalidRequest) as expected:
        read_whole(endpoint_at("/v1/chat/completions"), json.dumps(fields).encode())
    async with turnout.open() as t:
        with pytest.raises(errors.InvalidRequest) as caught:
            await t.chat(**fields)
    assert (caught.value.message, caught.value.param) == (expected.value.message, expected.value.param)
    assert caught.value.param == param


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(object(), id="no JSON type"),
        pytest.param("\ud800", id="half a surrogate pair"),
        pytest.param({("a", "b"): 1}, id="a key that is no text"),
    ],
)
async def test_values_that_json_does_not_have_are_refused(value: object) -> None:
    async with turnout.open() as t:
        with pytest.raises(errors.InvalidRequest, match="can't be written as JSON"):
            await t.chat(model="echo", messages=user("hi"), metadata=value)


@pytest.mark.parametrize("how", ["chat", "stream"])
async def test_stream_is_no_option(how: str) -> None:
    async with turnout.open() as t:
        options: dict[str, Any] = {"model": "echo", "messages": user("hi"), "stream": True}
        answer = t.chat(**options) if how == "chat" else anext(aiter(t.stream(**options)))
        with pytest.raises(errors.InvalidRequest, match="Leave 'stream' out") as caught:
            await answer
    assert caught.value.param == "stream"


async def test_fields_that_a_provider_does_not_support_are_refused_and_not_dropped() -> None:
    async with turnout.open() as t:
        with pytest.raises(errors.Unsupported) as caught:
            await t.chat(model="echo", messages=user("hi"), tools=[WEATHER])
    assert caught.value.param == "tools"


async def test_an_unknown_model_names_close_ones(sim: Simulator) -> None:
    async with turnout.open(configured(sim.url, {"gpt-4o-mini": "openai/sim"})) as t:
        with pytest.raises(errors.UnknownModel) as caught:
            await t.chat(model="gpt-4o-mni", messages=user("hi"))
    assert caught.value.close == ("gpt-4o-mini",)


async def test_a_deployments_failure_comes_as_it_is(sim: Simulator) -> None:
    async with turnout.open(configured(sim.url, {"m": "openai/sim-status-401"})) as t:
        with pytest.raises(errors.UpstreamUnauthenticated) as caught:
            await t.chat(model="m", messages=user("hi"))
    assert caught.value.status == 401


async def test_when_all_fail_each_is_named(sim: Simulator) -> None:
    deployments = ["openai/sim-status-404", "gemini/sim-status-401"]
    async with turnout.open(configured(sim.url, {"m": {"deployments": deployments}})) as t:
        with pytest.raises(errors.AllDeploymentsFailed) as caught:
            await t.chat(model="m", messages=user("hi"))
    assert [deployment for deployment, _ in caught.value.failures] == deployments


def test_a_wrong_configuration_is_told_at_once() -> None:
    wrong = written("wrong.yaml", "models:\n  fast: {polcy: order, deployments: [echo/echo]}\n")
    with pytest.raises(errors.ConfigError, match=r"wrong\.yaml:2: models\.fast\.polcy: unknown key"):
        turnout.open(wrong)


async def test_nothing_is_asked_before_it_is_open_or_after_it_was_closed() -> None:
    t = turnout.open()
    with pytest.raises(RuntimeError, match="async with"):
        await t.chat(model="echo", messages=user("hi"))
    async with t:
        pass
    with pytest.raises(RuntimeError, match="async with"):
        await t.chat(model="echo", messages=user("hi"))


async def test_a_cancelled_chat_stops_the_provider(sim: Simulator) -> None:
    async with turnout.open(configured(sim.url, {"m": "openai/sim-slow-headers-60000"})) as t:
        task = asyncio.create_task(t.chat(model="m", messages=user("hi")))
        await wait_until(lambda: len(sim.attempts) == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await wait_until(lambda: sim.attempts[0].outcome == "client_left", seconds=1)
    assert [row["outcome"] for row in attempts()] == ["client_gone"]


@pytest.mark.usefixtures("earlier_objects_are_frozen")
async def test_an_open_turnout_keeps_nothing_of_what_was_answered(sim: Simulator) -> None:
    async with turnout.open(configured(sim.url, {"m": "openai/sim"})) as t:
        for _ in range(5):
            await t.chat(model="m", messages=user("hi"))
            assert [piece async for piece in t.stream(model="m", messages=user("hi")).pieces()]
        gc.collect()
        assert [kept for kept in gc.get_objects() if isinstance(kept, Exchange)] == []


async def test_tool_calls_are_the_cores_own(sim: Simulator) -> None:
    async with turnout.open(configured(sim.url, {"m": "openai/sim-parallel-tools"})) as t:
        reply = await t.chat(model="m", messages=user("hi"), tools=[WEATHER])
    assert [type(call) for call in reply.tool_calls] == [ToolCall, ToolCall]
    assert len({call.id for call in reply.tool_calls}) == 2
