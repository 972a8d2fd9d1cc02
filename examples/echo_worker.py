"""Echo, streamed: it says the prompt back, word by word. Needs nothing.

python examples/echo_worker.py "Hello, Turnout"
"""

import asyncio
import sys

import turnout

PROMPT = " ".join(sys.argv[1:]) or "Hello, Turnout"


async def main() -> None:
    async with turnout.open() as t:
        stream = t.stream(model="echo", messages=[{"role": "user", "content": PROMPT}])
        async for piece in stream.pieces():
            print(piece, end="", flush=True)
        print(f"\n-- {stream.reply.deployment}, {stream.reply.usage.total} tokens")


try:
    asyncio.run(main())
except turnout.errors.TurnoutError as error:
    sys.exit(f"No answer: {error}")  # it says what to do
