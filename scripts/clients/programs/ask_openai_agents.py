"""OpenAI's Agents SDK, by Chat Completions or by Responses."""

from __future__ import annotations

import asyncio
from typing import Any

from agents import (
    Agent,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    Runner,
    function_tool,
    set_tracing_disabled,
)
from openai import AsyncOpenAI
from pydantic import BaseModel

from .session import SYSTEM, TRAIN, WEATHER, serve, told


class Where(BaseModel):
    city: str
    days: int


@function_tool
def weather(city: str) -> str:
    """Tells the weather."""
    return WEATHER


@function_tool
def train(city: str) -> str:
    """Finds a train."""
    return TRAIN


TOLD = told()
CLIENT = AsyncOpenAI(base_url=f"{TOLD.url}/v1", api_key=TOLD.key)
KINDS: dict[str, Any] = {"chat": OpenAIChatCompletionsModel, "responses": OpenAIResponsesModel}
MODEL = KINDS[TOLD.way](TOLD.model, CLIENT)


def agent(**more: Any) -> Any:
    return Agent(name="helper", instructions=SYSTEM, model=MODEL, **more)


def text(prompt: str) -> object:
    return Runner.run_sync(agent(), prompt).final_output


def stream(prompt: str) -> object:
    async def run() -> object:
        running = Runner.run_streamed(agent(), prompt)
        async for _ in running.stream_events():
            pass
        return running.final_output

    return asyncio.get_event_loop().run_until_complete(run())


def tools(prompt: str) -> object:
    return Runner.run_sync(agent(tools=[weather, train]), prompt).final_output


def image(prompt: str) -> object:
    url = f"data:image/png;base64,{TOLD.picture_base64}"
    parts = [{"type": "input_text", "text": prompt}, {"type": "input_image", "image_url": url, "detail": "auto"}]
    return Runner.run_sync(agent(), [{"role": "user", "content": parts}]).final_output


def structured(prompt: str) -> object:
    return Runner.run_sync(agent(output_type=Where), prompt).final_output


set_tracing_disabled(disabled=True)
asyncio.set_event_loop(asyncio.new_event_loop())
serve({"text": text, "stream": stream, "tool": tools, "parallel": tools, "image": image, "structured": structured})
