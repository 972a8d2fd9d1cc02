"""Ollama on this machine, and how long it takes. Needs `ollama serve` and `ollama pull llama3.2`.

python examples/ollama_worker.py "Why is the sky blue?"
"""

import asyncio
import sys
import time

import turnout

PROMPT = " ".join(sys.argv[1:]) or "Why is the sky blue?"


async def main() -> None:
    async with turnout.open() as t:
        began = time.perf_counter()
        first = None
        stream = t.stream(model="ollama/llama3.2", messages=[{"role": "user", "content": PROMPT}])
        async for piece in stream.pieces():
            first = first or time.perf_counter() - began
            print(piece, end="", flush=True)
        print(f"\n-- {stream.reply.usage.output} tokens, the first after {first:.2f} s")


try:
    asyncio.run(main())
except turnout.errors.TurnoutError as error:
    sys.exit(f"No answer: {error}")  # it says what to do
