"""A class with `infer(prompt)` as a provider: any backend behind one method that gives tokens. Needs nothing.

python examples/model_worker.py "Hello, Turnout"
"""

import asyncio
import sys

import turnout
from turnout.adapters import ModelWorker, ModelWorkerProvider, register

PROMPT = " ".join(sys.argv[1:]) or "Hello, Turnout"


class Spelling(ModelWorker):
    """Asks nobody; an HTTP server would be asked here."""

    async def infer(self, prompt: str) -> list[str]:
        return ["-".join(word) for word in prompt.split()]


async def main() -> None:
    register(ModelWorkerProvider("spelling", Spelling()))
    async with turnout.open() as t:
        reply = await t.chat(model="spelling", messages=[{"role": "user", "content": PROMPT}])
        print(f"{reply.text}\n-- {reply.deployment}, {reply.usage.total} tokens")


try:
    asyncio.run(main())
except turnout.errors.TurnoutError as error:
    sys.exit(f"No answer: {error}")  # it says what to do
