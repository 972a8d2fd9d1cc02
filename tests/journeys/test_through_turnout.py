"""The main job over real sockets: any SDK in front, any provider behind, the same conversation in between.

aimock is every provider; what it says to each prompt is in ``support/aimock_fixtures``, and ``tests/test_aimock.py``
shows that each vendor's own SDK hears just that when it asks aimock directly.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from functools import partial

import anthropic as anthropic_sdk
import openai as openai_sdk
import pytest

from tests.support.aimock import Aimock, case
from tests.support.sdks import PNG, Call, Question, Reply, Tool, anthropic, openai
from tests.support.turnout_server import StartTurnout, TurnoutServer

Ask = Callable[..., Awaitable[Reply]]
WEATHER = Tool("get_weather", {"type": "object", "properties": {"city": {"type": "string"}}})
BOOKING = (Tool("book_trip"), Tool("check_calendar"))
PROVIDERS = ("openai", "azure", "anthropic", "gemini", "ollama")
COUNTED = tuple(name for name in PROVIDERS if name != "ollama")  # aimock counts no tokens for Ollama
STATUSES = (400, 401, 404, 429, 500, 503)


@pytest.fixture(scope="session")
def turnout(aimock: Aimock, start_shared_turnout: StartTurnout) -> TurnoutServer:
    """A model for each provider, named like it."""

    def model(provider: str, name: str, base_url: str, **more: object) -> dict[str, object]:
        deployment = {"provider": provider, "model": name, "base_url": base_url, "api_key": "sk-upstream", **more}
        return {"deployments": [deployment]}

    models = {
        "openai": model("openai", "gpt-4o-mini", aimock.openai),
        "azure": model("azure", "my-deployment", aimock.azure, options={"api_version": "2024-10-21"}),
        "anthropic": model("anthropic", "claude-haiku-4-5", aimock.anthropic),
        "gemini": model("gemini", "gemini-2.5-flash", f"{aimock.gemini}/v1beta"),
        "ollama": model("ollama", "llama3", aimock.ollama),
    }
    return start_shared_turnout({"models": models, "retries": {"attempts": 1}})


@pytest.fixture(params=["openai", "anthropic"], ids=lambda name: f"by-{name}")
def ask(request: pytest.FixtureRequest, turnout: TurnoutServer) -> Ask:
    if request.param == "openai":
        return partial(openai.ask, openai.client(turnout.openai_url))
    return partial(anthropic.ask, anthropic.client(turnout.url))


@pytest.fixture(params=[False, True], ids=["unary", "stream"])
def stream(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(params=PROVIDERS)
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def said_calls(name: str, index: int = 0) -> tuple[Call, ...]:
    return tuple(Call(c["name"], json.loads(c["arguments"])) for c in case(name, index).response["toolCalls"])


@pytest.mark.parametrize("name", ["text", "unicode", "json"])
async def test_text(ask: Ask, provider: str, stream: bool, name: str) -> None:
    reply = await ask(Question(prompt=case(name).prompt, model=provider), stream=stream)
    assert reply.text == case(name).response["content"]
    assert (reply.finish, reply.calls) == ("stop", ())


@pytest.mark.parametrize("provider", COUNTED)
async def test_usage(ask: Ask, provider: str, stream: bool) -> None:
    reply = await ask(Question(prompt=case("usage").prompt, model=provider), stream=stream)
    assert (reply.input_tokens, reply.output_tokens) == (123456, 7890)


@pytest.mark.parametrize("provider", COUNTED)
async def test_a_reply_at_its_limit(ask: Ask, provider: str, stream: bool) -> None:
    reply = await ask(Question(prompt=case("finish_length").prompt, model=provider), stream=stream)
    assert (reply.text, reply.finish) == (case("finish_length").response["content"], "length")


async def test_a_tool_call(ask: Ask, provider: str, stream: bool) -> None:
    reply = await ask(Question(prompt=case("tool").prompt, model=provider, tools=(WEATHER,)), stream=stream)
    assert (reply.calls, reply.finish) == (said_calls("tool"), "tool_calls")


async def test_parallel_tool_calls(ask: Ask, provider: str, stream: bool) -> None:
    reply = await ask(Question(prompt=case("tools_parallel").prompt, model=provider, tools=BOOKING), stream=stream)
    assert reply.calls == said_calls("tools_parallel")
    assert len({call.id for call in reply.calls}) == len(reply.calls)


async def test_text_before_a_tool_call(ask: Ask, provider: str, stream: bool) -> None:
    reply = await ask(Question(prompt=case("text_and_tool").prompt, model=provider, tools=(WEATHER,)), stream=stream)
    assert reply.text == case("text_and_tool").response["content"]
    assert reply.calls == said_calls("text_and_tool")


async def test_a_tool_result_is_answered(ask: Ask, provider: str, stream: bool) -> None:
    """The ids of the first reply are the client's to send back, whoever made them."""
    question = Question(prompt=case("tool_result").prompt, model=provider, tools=(WEATHER,))
    first = await ask(question, stream=stream)
    assert first.calls == said_calls("tool_result", 2)
    answered = Question(
        prompt=question.prompt,
        model=provider,
        tools=(WEATHER,),
        calls=first.calls,
        results=(json.dumps({"celsius": 21}),),
    )
    assert (await ask(answered, stream=stream)).text == case("tool_result").response["content"]


async def test_an_image(ask: Ask, provider: str, stream: bool) -> None:
    reply = await ask(Question(prompt=case("image").prompt, model=provider, image=PNG), stream=stream)
    assert reply.text == case("image").response["content"]


async def test_a_system_prompt_reaches_the_provider(ask: Ask, provider: str, aimock: Aimock) -> None:
    await ask(Question(prompt=case("text").prompt, model=provider, system=f"Be brief, {provider}."), stream=False)
    bodies = [entry["body"] for entry in aimock.requests("__default__") if entry["body"]]
    assert {"role": "system", "content": f"Be brief, {provider}."} in [m for b in bodies for m in b.get("messages", ())]


@pytest.mark.parametrize("provider", ["openai", "azure", "anthropic", "gemini"])
async def test_thinking_is_kept_apart_from_text(ask: Ask, provider: str, stream: bool) -> None:
    reply = await ask(Question(prompt=case("reasoning").prompt, model=provider), stream=stream)
    assert reply.text == case("reasoning").response["content"]
    assert reply.thinking in {case("reasoning").response["reasoning"], ""}


async def test_arguments_stay_the_text_they_were(turnout: TurnoutServer, stream: bool) -> None:
    question = Question(prompt=case("tool_big_number").prompt, model="openai", tools=(Tool("pay"),))
    reply = await openai.ask(openai.client(turnout.openai_url), question, stream=stream)
    assert reply.calls[0].text == case("tool_big_number").response["toolCalls"][0]["arguments"]


@pytest.mark.parametrize("status", STATUSES)
async def test_a_refusal_keeps_its_status(turnout: TurnoutServer, provider: str, stream: bool, status: int) -> None:
    question = Question(prompt=f"Fail with {status}.", model=provider)
    with pytest.raises(openai_sdk.APIStatusError) as by_openai:
        await openai.ask(openai.client(turnout.openai_url), question, stream=stream)
    with pytest.raises(anthropic_sdk.APIStatusError) as by_anthropic:
        await anthropic.ask(anthropic.client(turnout.url), question, stream=stream)
    assert (by_openai.value.status_code, by_anthropic.value.status_code) == (status, status)


async def test_a_rate_limit_is_passed_on_with_its_patience(turnout: TurnoutServer, provider: str) -> None:
    question = Question(prompt="Fail with 429.", model=provider)
    with pytest.raises(openai_sdk.RateLimitError) as caught:
        await openai.ask(openai.client(turnout.openai_url), question, stream=False)
    assert float(caught.value.response.headers["retry-after"]) == 2
