"""A class with `generate_text`, `generate_embeddings` and `get_models` as a provider of two models. Needs nothing.

python examples/model_provider.py "Hello, Turnout"
"""

import asyncio
import sys
from typing import Any

import turnout
from turnout.adapters import ModelProvider, ModelProviderAdapter, capabilities_of, register

PROMPT = " ".join(sys.argv[1:]) or "Hello, Turnout"


class House(ModelProvider):
    """Its methods are with or without `async`."""

    async def generate_text(self, model: str, messages: list[dict[str, Any]], **kwargs: Any) -> str:
        text: str = messages[-1]["content"]
        return text.upper() if model == "loud" else text.lower()

    async def generate_embeddings(self, model: str, texts: list[str], **kwargs: Any) -> dict[str, Any]:
        return {"embeddings": [[float(len(text))] for text in texts]}

    async def get_models(self) -> list[str]:
        return ["loud", "quiet"]


async def main() -> None:
    house = ModelProviderAdapter("house", House())
    register(house)
    async with turnout.open() as t:
        for model in house.models:
            reply = await t.chat(model=model, messages=[{"role": "user", "content": PROMPT}])
            print(f"{model}: {reply.text}")
    print(f"-- house can do {', '.join(sorted(capabilities_of(house)))}")


try:
    asyncio.run(main())
except turnout.errors.TurnoutError as error:
    sys.exit(f"No answer: {error}")  # it says what to do
