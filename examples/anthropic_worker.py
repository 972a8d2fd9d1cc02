"""Anthropic, with a system prompt. Needs ANTHROPIC_API_KEY.

python examples/anthropic_worker.py "Why is the sky blue?"
"""

import asyncio
import sys

import turnout

PROMPT = " ".join(sys.argv[1:]) or "Why is the sky blue?"


async def main() -> None:
    messages = [
        {"role": "system", "content": "You answer in one sentence."},
        {"role": "user", "content": PROMPT},
    ]
    async with turnout.open() as t:
        stream = t.stream(model="anthropic/claude-haiku-4-5", messages=messages, max_tokens=1024)
        async for piece in stream.pieces():
            print(piece, end="", flush=True)
        usage = stream.reply.usage
        print(f"\n-- {usage.input} tokens in, {usage.output} out, {stream.reply.cost_usd} USD")


try:
    asyncio.run(main())
except turnout.errors.TurnoutError as error:
    sys.exit(f"No answer: {error}")  # it says what to do
