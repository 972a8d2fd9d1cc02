"""aimock, asked by each vendor's own SDK: what Turnout's replies are compared with elsewhere."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any

import anthropic as anthropic_sdk
import ollama as ollama_sdk
import openai as openai_sdk
import pytest
from google.genai import errors as gemini_errors

from tests.support.aimock import Aimock, case
from tests.support.sdks import PNG, Call, Question, Reply, Tool, anthropic, gemini, ollama, openai

Ask = Callable[..., Awaitable[Reply]]
WEATHER = Tool("get_weather", {"type": "object", "properties": {"city": {"type": "string"}}})
PARALLEL_TOOLS = (Tool("book_trip"), Tool("check_calendar"))
MODELS = {
    "openai": "gpt-4o-mini",
    "azure": "my-deployment",
    "anthropic": "claude-haiku-4-5",
    "gemini": "gemini-2.5-flash",
    "ollama": "llama3",
}
SDKS: dict[str, ModuleType] = {
    "openai": openai,
    "azure": openai,
    "anthropic": anthropic,
    "gemini": gemini,
    "ollama": ollama,
}
TRUE_TO_LIFE = [name for name in SDKS if name != "ollama"]  # whose tokens and finish aimock doesn't tell


@pytest.fixture(params=[False, True], ids=["unary", "stream"])
def stream(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def asker(aimock: Aimock, name: str) -> Callable[..., Awaitable[Reply]]:
    """Asks aimock a fixture's prompt as the provider ``name``."""
    sdk = SDKS[name]
    make = openai.azure_client if name == "azure" else sdk.client
    client = make(getattr(aimock, name))

    async def ask(case_name: str, *, stream: bool, **more: Any) -> Reply:
        question = Question(prompt=case(case_name).prompt, model=MODELS[name], **more)
        reply: Reply = await sdk.ask(client, question, stream=stream)
        return reply

    return ask


def said_calls(case_name: str, index: int = 0) -> tuple[Call, ...]:
    return tuple(Call(c["name"], json.loads(c["arguments"])) for c in case(case_name, index).response["toolCalls"])


@pytest.mark.parametrize("name", SDKS)
@pytest.mark.parametrize("case_name", ["text", "unicode"])
async def test_text_arrives_whole(aimock: Aimock, name: str, case_name: str, stream: bool) -> None:
    reply = await asker(aimock, name)(case_name, stream=stream)
    assert reply.text == case(case_name).response["content"]
    assert reply.finish == "stop"
    assert reply.calls == ()


@pytest.mark.parametrize("name", TRUE_TO_LIFE)
async def test_usage_is_the_fixtures(aimock: Aimock, name: str, stream: bool) -> None:
    reply = await asker(aimock, name)("usage", stream=stream)
    assert (reply.input_tokens, reply.output_tokens) == (123456, 7890)


@pytest.mark.parametrize("name", TRUE_TO_LIFE)
async def test_a_reply_cut_by_its_limit_says_so(aimock: Aimock, name: str, stream: bool) -> None:
    reply = await asker(aimock, name)("finish_length", stream=stream)
    assert reply.finish == "length"


@pytest.mark.parametrize("name", SDKS)
async def test_one_tool_call(aimock: Aimock, name: str, stream: bool) -> None:
    reply = await asker(aimock, name)("tool", stream=stream, tools=(WEATHER,))
    assert reply.calls == said_calls("tool")
    assert reply.finish == "tool_calls"


@pytest.mark.parametrize("name", SDKS)
async def test_parallel_tool_calls_keep_order_nesting_and_unicode(aimock: Aimock, name: str, stream: bool) -> None:
    reply = await asker(aimock, name)("tools_parallel", stream=stream, tools=PARALLEL_TOOLS)
    assert reply.calls == said_calls("tools_parallel")


async def test_arguments_stay_the_text_they_were(aimock: Aimock, stream: bool) -> None:
    """On OpenAI's wire only; the case holds what a parse and a print would change."""
    question = Question(prompt=case("tool_big_number").prompt, model="gpt-4o-mini", tools=(Tool("pay"),))
    reply = await openai.ask(openai.client(aimock.openai), question, stream=stream)
    assert reply.calls[0].text == case("tool_big_number").response["toolCalls"][0]["arguments"]


@pytest.mark.parametrize("name", SDKS)
async def test_a_tool_result_is_answered(aimock: Aimock, name: str, stream: bool) -> None:
    ask = asker(aimock, name)
    first = await ask("tool_result", stream=stream, tools=(WEATHER,))
    assert first.calls == said_calls("tool_result", 2)
    result = json.dumps({"celsius": 21})
    second = await ask("tool_result", stream=stream, tools=(WEATHER,), calls=first.calls, results=(result,))
    assert second.text == case("tool_result").response["content"]


@pytest.mark.parametrize("name", ["openai", "azure", "anthropic", "gemini"])
async def test_thinking_is_kept_apart_from_text(aimock: Aimock, name: str, stream: bool) -> None:
    reply = await asker(aimock, name)("reasoning", stream=stream)
    assert reply.thinking == case("reasoning").response["reasoning"]
    assert reply.text == case("reasoning").response["content"]


@pytest.mark.parametrize("name", SDKS)
async def test_an_image_is_accepted(aimock: Aimock, name: str, stream: bool) -> None:
    reply = await asker(aimock, name)("image", stream=stream, image=PNG)
    assert reply.text == "A red square."


async def test_the_journal_shows_what_was_sent(aimock: Aimock) -> None:
    client = openai.client(aimock.openai).with_options(default_headers={"x-test-id": "journal"})
    await openai.ask(
        client, Question(prompt=case("text").prompt, model="gpt-4o-mini", system="Be brief."), stream=False
    )
    (seen,) = aimock.requests("journal")
    assert seen["path"] == "/v1/chat/completions"
    assert [m["role"] for m in seen["body"]["messages"]] == ["system", "user"]


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
async def test_errors_have_their_status(aimock: Aimock, status: int) -> None:
    question = Question(prompt=f"Fail with {status}.", model="m")
    with pytest.raises(openai_sdk.APIStatusError) as to_openai:
        await openai.ask(openai.client(aimock.openai), question, stream=True)
    with pytest.raises(anthropic_sdk.APIStatusError) as to_anthropic:
        await anthropic.ask(anthropic.client(aimock.anthropic), question, stream=True)
    with pytest.raises(gemini_errors.APIError) as to_gemini:
        await gemini.ask(gemini.client(aimock.gemini), question, stream=False)
    with pytest.raises(ollama_sdk.ResponseError) as to_ollama:
        await ollama.ask(ollama.client(aimock.ollama), question, stream=False)
    assert to_openai.value.status_code == to_anthropic.value.status_code == status
    assert to_gemini.value.code == to_ollama.value.status_code == status


async def test_a_rate_limit_says_when_to_come_back(aimock: Aimock) -> None:
    with pytest.raises(openai_sdk.RateLimitError) as caught:
        await openai.ask(openai.client(aimock.openai), Question(prompt="Fail with 429.", model="m"), stream=False)
    assert caught.value.response.headers["retry-after"] == "2"


async def test_a_stream_can_break_off(aimock: Aimock) -> None:
    question = Question(prompt=case("cut").prompt, model="m")
    with pytest.raises(openai_sdk.APIConnectionError):
        await openai.ask(openai.client(aimock.openai), question, stream=True)
