"""pydantic-ai, by the model class of each vendor."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel
from pydantic_ai import Agent, BinaryContent, NativeOutput, ToolOutput

from .session import SYSTEM, TRAIN, WEATHER, serve, told


class Where(BaseModel):
    """A place."""

    city: str
    days: int


TOLD = told()


def openai(kind: str) -> Any:
    from pydantic_ai.models import openai as models
    from pydantic_ai.providers.openai import OpenAIProvider

    provider = OpenAIProvider(base_url=f"{TOLD.url}/v1", api_key=TOLD.key)
    return getattr(models, kind)(TOLD.model, provider=provider)


def anthropic() -> Any:
    from pydantic_ai.models.anthropic import AnthropicModel
    from pydantic_ai.providers.anthropic import AnthropicProvider

    return AnthropicModel(TOLD.model, provider=AnthropicProvider(base_url=TOLD.url, api_key=TOLD.key))


def google() -> Any:
    from pydantic_ai.models.google import GoogleModel
    from pydantic_ai.providers.google import GoogleProvider

    return GoogleModel(TOLD.model, provider=GoogleProvider(base_url=TOLD.url, api_key=TOLD.key))


WAYS: dict[str, Callable[[], Any]] = {
    "chat": lambda: openai("OpenAIChatModel"),
    "responses": lambda: openai("OpenAIResponsesModel"),
    "anthropic": anthropic,
    "google": google,
}
MODEL = WAYS[TOLD.way]()


def agent(**more: Any) -> Any:
    return Agent(MODEL, instructions=SYSTEM, **more)


def weather(city: str) -> str:
    """Tells the weather."""
    return WEATHER


def train(city: str) -> str:
    """Finds a train."""
    return TRAIN


def text(prompt: str) -> object:
    return agent().run_sync(prompt).output


def stream(prompt: str) -> object:
    async def run() -> object:
        async with agent().run_stream(prompt) as running:
            return await running.get_output()

    return asyncio.get_event_loop().run_until_complete(run())


def tools(prompt: str) -> object:
    return agent(tools=[weather, train]).run_sync(prompt).output


def image(prompt: str) -> object:
    return agent().run_sync([prompt, BinaryContent(TOLD.picture.read_bytes(), media_type="image/png")]).output


def structured(prompt: str) -> object:
    """By a tool, and by the provider's own way. Both have to say the same."""
    kept = [agent(output_type=kind(Where)).run_sync(prompt).output for kind in (ToolOutput, NativeOutput)]
    return kept[0] if kept[0] == kept[1] else f"different: {kept}"


asyncio.set_event_loop(asyncio.new_event_loop())
serve({"text": text, "stream": stream, "tool": tools, "parallel": tools, "image": image, "structured": structured})
