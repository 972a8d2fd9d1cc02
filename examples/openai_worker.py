"""OpenAI, with a limit and the cost. Needs OPENAI_API_KEY.

python examples/openai_worker.py "Why is the sky blue?"
"""

import asyncio
import sys

import turnout

PROMPT = " ".join(sys.argv[1:]) or "Why is the sky blue?"


async def main() -> None:
    async with turnout.open() as t:
        stream = t.stream(
            model="openai/gpt-6-luna",
            messages=[{"role": "user", "content": PROMPT}],
            max_tokens=1000,
        )
        async for piece in stream.pieces():
            print(piece, end="", flush=True)
        print(f"\n-- {stream.reply.deployment}, {stream.reply.usage.total} tokens, {stream.reply.cost_usd} USD")


try:
    asyncio.run(main())
except turnout.errors.TurnoutError as error:
    sys.exit(f"No answer: {error}")  # it says what to do
