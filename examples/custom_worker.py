"""Any HTTP server on OpenAI's wire. Needs its address in CUSTOM_URL; CUSTOM_MODEL and CUSTOM_KEY if it wants them.

CUSTOM_URL=http://127.0.0.1:9001/v1 python examples/custom_worker.py "Why is the sky blue?"
"""

import asyncio
import sys
from pathlib import Path

import turnout

PROMPT = " ".join(sys.argv[1:]) or "Why is the sky blue?"


async def main() -> None:
    async with turnout.open(Path(__file__).with_suffix(".yaml")) as t:
        stream = t.stream(model="custom", messages=[{"role": "user", "content": PROMPT}])
        async for piece in stream.pieces():
            print(piece, end="", flush=True)
        print(f"\n-- {stream.reply.deployment}, {stream.reply.usage.total} tokens")


try:
    asyncio.run(main())
except turnout.errors.TurnoutError as error:
    sys.exit(f"No answer: {error}")  # it says what to do
