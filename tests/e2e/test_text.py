"""Text, prompts, usage and finishes, from every provider to every SDK."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from anthropic import Anthropic
from openai import OpenAI

from tests.e2e.backends import AIMOCK, COUNTING, EVERY, SIMULATOR, Backend
from tests.e2e.clients import EVERY_DIALECT, Client
from tests.e2e.stage import TEAM_KEY, Stage
from tests.support.aimock import case

CLIENTS = EVERY_DIALECT
every = pytest.mark.parametrize("backend", EVERY)
counting = pytest.mark.parametrize("backend", COUNTING)
UNICODE = 'Zoë 👩🏽‍🚀 東京 مرحبا नमस्ते \u2028 \\ "quoted" <tag> \u00a0 end'


@every
@pytest.mark.parametrize("case_name", ["text", "unicode"])
async def test_text_arrives_whole(client: Client, backend: Backend, case_name: str, stream: bool) -> None:
    reply = await client.ask(backend.model, case(case_name).prompt, stream=stream)
    assert (reply.text, reply.finish, reply.calls) == (backend.says(case_name), "stop", ())


@pytest.mark.parametrize("backend", SIMULATOR)
async def test_unicode_survives_both_ways(client: Client, backend: Backend, stream: bool) -> None:
    reply = await client.ask(backend.model, UNICODE, stream=stream)
    assert reply.text == f"You said: {UNICODE}"


@counting
async def test_usage_is_the_providers(client: Client, backend: Backend, stream: bool) -> None:
    reply = await client.ask(backend.model, case("usage").prompt, stream=stream)
    assert (reply.input_tokens, reply.output_tokens) == backend.usage("usage")


@counting
@pytest.mark.parametrize("wish", [None, {"include_usage": False}, {"include_usage": True}], ids=["unsaid", "no", "yes"])
async def test_a_stream_shows_usage_only_to_who_asked(stage: Stage, backend: Backend, wish: Any) -> None:
    """OpenAI: the last chunk has it and no choices, and no other has any."""
    sdk = Client("openai", stage.turnout.url).sdk
    request = {"model": backend.model, "messages": [{"role": "user", "content": case("usage").prompt}], "stream": True}
    chunks = [chunk async for chunk in await sdk.chat.completions.create(**request, stream_options=wish)]
    usages = [(chunk.usage.prompt_tokens, chunk.usage.completion_tokens) for chunk in chunks if chunk.usage]
    if wish and wish["include_usage"]:
        assert usages == [backend.usage("usage")]
        assert chunks[-1].choices == []
    else:
        assert usages == []
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == backend.says("usage")


@pytest.mark.parametrize("backend", SIMULATOR)
async def test_a_system_prompt_reaches_the_provider(client: Client, backend: Backend, stream: bool) -> None:
    """The simulator counts a token for each of its words."""
    prompt = case("text").prompt
    with_it = await client.ask(backend.model, prompt, stream=stream, system="Answer as a station master would.")
    without = await client.ask(backend.model, prompt, stream=stream)
    assert with_it.input_tokens == without.input_tokens + 6


@pytest.mark.parametrize("backend", AIMOCK)
async def test_the_turns_before_reach_the_provider(client: Client, backend: Backend, stream: bool) -> None:
    """aimock answers this only as the second turn and under this system prompt."""
    prompt = case("turns").prompt
    turns = client.turns(
        ("system", "You remember things."), ("user", "I like trains."), ("assistant", "So do I."), ("user", prompt)
    )
    first = await client.ask(backend.model, prompt, stream=stream)
    second = await client.ask(backend.model, prompt, stream=stream, sent=turns)
    assert first.text == backend.says("turns", 1)
    assert second.text == backend.says("turns")


@counting
async def test_an_answer_cut_by_its_limit_says_so(client: Client, backend: Backend, stream: bool) -> None:
    """Without aimock's Ollama, which always says stop."""
    reply = await client.ask(backend.model, case("finish_length").prompt, stream=stream, max_tokens=2)
    expected = backend.says("finish_length")
    assert reply.finish == "length"
    assert reply.text.strip() == (expected if backend.upstream == "aimock" else " ".join(expected.split()[:2]))


@pytest.mark.parametrize("backend", SIMULATOR)
async def test_a_stop_sequence_ends_the_answer(client: Client, backend: Backend, stream: bool) -> None:
    reply = await client.ask(backend.model, "one two three four", stream=stream, sent=client.stops("three", "four"))
    assert (reply.text, reply.finish) == ("You said: one two ", "stop")


@pytest.mark.parametrize("model", ["simulator-anthropic", "echo"])
async def test_the_stop_sequence_that_was_hit_is_named_where_the_provider_names_it(stage: Stage, model: str) -> None:
    sdk = Client("anthropic", stage.turnout.url).sdk
    messages = [{"role": "user", "content": "one two three four"}]
    reply = await sdk.messages.create(model=model, max_tokens=99, messages=messages, stop_sequences=["four", "three"])
    assert (reply.stop_reason, reply.stop_sequence) == ("stop_sequence", "three")


async def test_answers_at_once_are_not_mixed_up(stage: Stage) -> None:
    """Every backend of the simulator, every dialect, whole and streamed, all at the same time."""

    async def ask(number: int) -> None:
        client = Client(EVERY_DIALECT[number % 4], stage.turnout.url)
        prompt = f"I am number {number}" + " and on" * (number % 7)
        reply = await client.ask(SIMULATOR[number % len(SIMULATOR)].model, prompt, stream=bool(number % 3))
        assert reply.text == f"You said: {prompt}"

    await asyncio.gather(*(ask(number) for number in range(100)))


@pytest.mark.parametrize("backend", SIMULATOR)
async def test_the_synchronous_sdks_work_too(stage: Stage, backend: Backend) -> None:
    def ask() -> tuple[str, str]:
        url, messages = stage.turnout.url, cast(Any, [{"role": "user", "content": "Hello."}])
        with OpenAI(base_url=f"{url}/v1", api_key=TEAM_KEY) as by_openai:
            chunks: Any = by_openai.chat.completions.create(model=backend.model, messages=messages, stream=True)
            first = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        with Anthropic(base_url=url, api_key=TEAM_KEY) as by_anthropic:
            asked = by_anthropic.messages.stream(model=backend.model, max_tokens=99, messages=messages)
            with asked as stream:
                return first, "".join(stream.text_stream)

    assert await asyncio.to_thread(ask) == ("You said: Hello.", "You said: Hello.")
