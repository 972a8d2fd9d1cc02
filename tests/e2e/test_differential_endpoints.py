"""What isn't chat, asked of the provider directly and through Turnout: the same comes back, whole and streamed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from google.genai.types import ContentUnionDict
from ollama import AsyncClient
from openai import AsyncOpenAI
from openai.types.responses import FunctionToolParam

from tests.e2e.backends import Backend
from tests.e2e.clients import Client
from tests.e2e.stage import Stage
from tests.e2e.test_differential import address
from tests.support.sdks import PNG, anthropic, gemini, ollama, openai

MADE = frozenset({"id", "item_id", "call_id", "created", "created_at", "completed_at", "model", "sequence_number"})
"""What is made anew for every reply, and the model's name, which is another one."""
FILLED_IN = frozenset({"prompt_tokens_details", "completion_tokens_details"})
"""What completions say more of than they were told: nothing but zeros."""
Ask = Callable[[AsyncOpenAI, str], Awaitable[Any]]
TOOL: FunctionToolParam = {
    "type": "function",
    "name": "find",
    "strict": False,
    "parameters": {"type": "object", "properties": {}},
}
ASKED: dict[str, Ask] = {
    "embeddings": lambda sdk, model: sdk.embeddings.create(model=model, input=["one two", "three"]),
    "embeddings-float": lambda sdk, model: sdk.embeddings.create(
        model=model, input="one", encoding_format="float", dimensions=4
    ),
    "embeddings-of-tokens": lambda sdk, model: sdk.embeddings.create(model=model, input=[[1, 2], [3]]),
    "completion": lambda sdk, model: sdk.completions.create(model=model, prompt="one two", max_tokens=99, logprobs=1),
    "picture": lambda sdk, model: sdk.images.generate(model=model, prompt="A red train", n=2, size="64x32"),
    "edit": lambda sdk, model: sdk.images.edit(model=model, prompt="A train", image=("a.png", PNG, "image/png")),
    "transcript": lambda sdk, model: sdk.audio.transcriptions.create(model=model, file=("a.wav", b"RIFF\r\n")),
    "transcript-verbose": lambda sdk, model: sdk.audio.transcriptions.create(
        model=model, file=("a.wav", b"RIFF"), response_format="verbose_json"
    ),
    "transcript-srt": lambda sdk, model: sdk.audio.transcriptions.create(
        model=model, file=("a.wav", b"RIFF"), response_format="srt"
    ),
    "response": lambda sdk, model: sdk.responses.create(model=model, input="Zoë says 東京"),
    "response-limited": lambda sdk, model: sdk.responses.create(
        model=model, input="one two three four five " * 4, max_output_tokens=16
    ),
    "response-calls": lambda sdk, model: sdk.responses.create(
        model=model,
        input="Please use a tool.",
        tools=[TOOL],
    ),
    "response-reasoning": lambda sdk, model: sdk.responses.create(
        model=model, input="Hello.", reasoning={"effort": "low"}, include=["reasoning.encrypted_content"]
    ),
}
STREAMED: dict[str, Ask] = {
    "completion": lambda sdk, model: sdk.completions.create(model=model, prompt="one two", max_tokens=99, stream=True),
    "response": lambda sdk, model: sdk.responses.create(model=model, input="Zoë says 東京", stream=True),
    "response-calls": lambda sdk, model: sdk.responses.create(
        model=model,
        input="Please use a tool.",
        stream=True,
        tools=[TOOL],
    ),
    "response-reasoning": lambda sdk, model: sdk.responses.create(
        model=model, input="Hello.", stream=True, reasoning={"effort": "low"}
    ),
    "transcript": lambda sdk, model: sdk.audio.transcriptions.create(model=model, file=("a.wav", b"RI"), stream=True),
    "picture": lambda sdk, model: sdk.images.generate(model=model, prompt="A train", size="64x32", stream=True),
}
OPENAI = Backend("simulator", "openai")


def comparable(reply: Any) -> Any:
    """As data, without what is made anew."""
    return _same(reply.model_dump() if hasattr(reply, "model_dump") else reply)


def _same(value: Any) -> Any:
    if isinstance(value, list):
        return [_same(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: _same(item) for name, item in value.items() if name not in MADE | FILLED_IN}


@pytest.mark.parametrize("name", ASKED)
async def test_openais_other_endpoints_give_the_same(stage: Stage, name: str) -> None:
    direct = await ASKED[name](openai.client(address(stage, OPENAI)), "sim")
    turned = await ASKED[name](Client("openai", stage.turnout.url).sdk, OPENAI.model)
    assert comparable(turned) == comparable(direct)


@pytest.mark.parametrize("name", STREAMED)
async def test_their_streams_too(stage: Stage, name: str) -> None:
    direct = [event async for event in await STREAMED[name](openai.client(address(stage, OPENAI)), "sim")]
    turned = [event async for event in await STREAMED[name](Client("openai", stage.turnout.url).sdk, OPENAI.model)]
    assert [comparable(event) for event in turned] == [comparable(event) for event in direct]


async def test_speech_is_the_same_bytes(stage: Stage) -> None:
    asked: Any = {"voice": "alloy", "input": "All aboard", "response_format": "wav"}
    direct = await openai.client(address(stage, OPENAI)).audio.speech.create(model="sim", **asked)
    turned = await Client("openai", stage.turnout.url).sdk.audio.speech.create(model=OPENAI.model, **asked)
    assert turned.content == direct.content
    assert turned.response.headers["content-type"] == direct.response.headers["content-type"]


async def test_anthropic_counts_the_same(stage: Stage) -> None:
    asked: Any = {"system": "Be brief.", "messages": [{"role": "user", "content": "one two three"}]}
    direct = await anthropic.client(stage.simulator.root).messages.count_tokens(model="sim", **asked)
    turned = await Client("anthropic", stage.turnout.url).sdk.messages.count_tokens(
        model="simulator-anthropic", **asked
    )
    assert turned == direct


async def test_gemini_counts_and_embeds_the_same(stage: Stage) -> None:
    direct = gemini.client(stage.simulator.root).aio.models
    turned = Client("gemini", stage.turnout.url).sdk.aio.models
    model = "simulator-gemini"
    contents: list[ContentUnionDict] = ["one two", "three"]
    assert (await turned.count_tokens(model=model, contents=contents)).total_tokens == (
        await direct.count_tokens(model="sim", contents=contents)
    ).total_tokens
    mine, theirs = [
        (await sdk.embed_content(model=name, contents=contents)).embeddings
        for sdk, name in ((turned, model), (direct, "gemini-sim"))  # the SDK asks otherwise for names of Gemini's
    ]
    assert mine == theirs


async def test_ollama_embeds_and_generates_the_same(stage: Stage) -> None:
    direct, turned = ollama.client(stage.simulator.root), Client("ollama", stage.turnout.url).sdk
    asks: list[Callable[[AsyncClient, str], Awaitable[Any]]] = [
        lambda sdk, model: sdk.embed(model, ["one", "two"]),
        lambda sdk, model: sdk.embeddings(model, "one"),
        lambda sdk, model: sdk.generate(model, "one two", system="Be brief."),
    ]
    for ask in asks:
        mine, theirs = comparable(await ask(turned, "simulator-ollama")), comparable(await ask(direct, "sim"))
        assert mine == theirs
