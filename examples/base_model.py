"""A class with `chat_completion(messages, **kwargs)` as a provider: subclass BaseModel, register it. Needs nothing.

python examples/base_model.py "Hello, Turnout"
"""

import asyncio
import sys
from collections.abc import Iterator
from typing import Any

import turnout
from turnout.adapters import BaseModel, BaseModelProvider, register

PROMPT = " ".join(sys.argv[1:]) or "Hello, Turnout"


class Backwards(BaseModel):
    """Streams the last message's words in reverse. A client of some vendor's SDK would be asked here."""

    def chat_completion(self, messages: list[dict[str, Any]], **kwargs: Any) -> Iterator[str]:
        for word in reversed(messages[-1]["content"].split()):
            yield f"{word} "


async def main() -> None:
    register(BaseModelProvider("backwards", Backwards()))
    async with turnout.open() as t:
        stream = t.stream(model="backwards", messages=[{"role": "user", "content": PROMPT}])
        async for piece in stream.pieces():
            print(piece, end="", flush=True)
        print(f"\n-- {stream.reply.deployment}, {stream.reply.usage.total} tokens")


try:
    asyncio.run(main())
except turnout.errors.TurnoutError as error:
    sys.exit(f"No answer: {error}")  # it says what to do
