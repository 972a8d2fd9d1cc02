"""LangChain's chat model for OpenAI asks every provider through Turnout."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage, ToolMessage
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, SecretStr

from tests.e2e.backends import AIMOCK, COUNTING, EVERY, SIMULATOR, Backend
from tests.e2e.stage import TEAM_KEY, Stage
from tests.support.aimock import case
from tests.support.sdks import PNG


class City(BaseModel):
    """A place."""

    city: str
    days: int


def find_train(city: str, days: int) -> str:
    """Finds a train."""
    return f"To {city} in {days} days"


def find_bus(city: str, days: int) -> str:
    """Finds a bus."""
    return f"To {city} in {days} days"


def model_of(stage: Stage, name: str, **more: Any) -> ChatOpenAI:
    key = SecretStr(TEAM_KEY)
    return ChatOpenAI(model=name, base_url=stage.turnout.openai_url, api_key=key, max_retries=0, **more)


def gathered(chunks: Sequence[AIMessage]) -> AIMessageChunk:
    """A model with tools says that it streams messages, but they are chunks, too."""
    first, *rest = chunks
    assert isinstance(first, AIMessageChunk)
    for chunk in rest:
        assert isinstance(chunk, AIMessageChunk)
        first = first + chunk
    return first


def counts(message: AIMessage) -> tuple[int, int]:
    assert message.usage_metadata
    return message.usage_metadata["input_tokens"], message.usage_metadata["output_tokens"]


@pytest.mark.parametrize("backend", EVERY)
async def test_langchain_gets_an_answer(stage: Stage, backend: Backend) -> None:
    """Asked by each of its four ways: at once and in pieces, each with and without asyncio."""
    model, prompt = model_of(stage, backend.model), case("text").prompt
    messages = [SystemMessage("Be kind."), HumanMessage(prompt)] if backend.upstream != "aimock" else prompt
    answers = [
        (await asyncio.to_thread(model.invoke, messages)).text,
        (await model.ainvoke(messages)).text,
        gathered(await asyncio.to_thread(lambda: list(model.stream(messages)))).text,
        gathered([chunk async for chunk in model.astream(messages)]).text,
    ]
    assert answers == [backend.says("text")] * 4


@pytest.mark.parametrize("backend", COUNTING)
async def test_langchain_gets_the_tokens(stage: Stage, backend: Backend) -> None:
    model, prompt = model_of(stage, backend.model, stream_usage=True), case("usage").prompt
    whole = await model.ainvoke(prompt)
    pieces = gathered([chunk async for chunk in model.astream(prompt)])
    assert counts(whole) == counts(pieces) == backend.usage("usage")
    assert whole.response_metadata["finish_reason"] == pieces.response_metadata["finish_reason"] == "stop"


@pytest.mark.parametrize("backend", SIMULATOR)
async def test_langchains_tools_are_called_and_answered(stage: Stage, backend: Backend) -> None:
    model = model_of(stage, backend.model).bind_tools([find_train, find_bus])
    asked = HumanMessage("Please use all tools.")
    whole = await model.ainvoke([asked])
    pieces = gathered([chunk async for chunk in model.astream([asked])])
    for message in (whole, pieces):
        called = [(call["name"], call["args"]) for call in message.tool_calls]
        assert called == [
            ("find_train", {"city": "city 1", "days": 1}),
            ("find_bus", {"city": "city 2", "days": 2}),
        ]
        results = [ToolMessage(f"result {n}", tool_call_id=call["id"]) for n, call in enumerate(message.tool_calls)]
        answered = await model.ainvoke([asked, AIMessage(message.text, tool_calls=message.tool_calls), *results])
        assert answered.text == "The tools said: result 0; result 1"


@pytest.mark.parametrize("backend", SIMULATOR)
async def test_langchain_gets_an_answer_that_fits_its_schema(stage: Stage, backend: Backend) -> None:
    """By each provider's own way to keep to one."""
    model = model_of(stage, backend.model).with_structured_output(City, method="json_schema")
    assert await model.ainvoke("Where to?") == City(city="city 1", days=1)


@pytest.mark.parametrize("backend", [backend for backend in SIMULATOR if backend.provider not in ("gemini", "ollama")])
async def test_langchain_gets_the_schema_by_a_tool_call_too(stage: Stage, backend: Backend) -> None:
    model = model_of(stage, backend.model).with_structured_output(City, method="function_calling")
    assert await model.ainvoke("Where to?") == City(city="city 1", days=1)


@pytest.mark.parametrize("backend", AIMOCK)
async def test_langchains_picture_is_described(stage: Stage, backend: Backend) -> None:
    picture = {"type": "image", "base64": base64.b64encode(PNG).decode(), "mime_type": "image/png"}
    message = HumanMessage([{"type": "text", "text": case("image").prompt}, picture])
    assert (await model_of(stage, backend.model).ainvoke([message])).text == backend.says("image")
