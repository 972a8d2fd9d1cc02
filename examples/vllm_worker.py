"""vLLM on this machine, with many requests at once, which it batches. Needs `vllm serve <model> --port 8000`.

VLLM_URL says where it is, if it is elsewhere.

    python examples/vllm_worker.py Qwen/Qwen3-0.6B
"""

import asyncio
import sys
import time

import turnout

MODEL = sys.argv[1] if len(sys.argv) > 1 else "Qwen/Qwen3-0.6B"
TOWNS = ("Lisbon", "Oslo", "Vienna", "Athens", "Dublin", "Riga", "Bern", "Prague")


async def main() -> None:
    async with turnout.open() as t:
        began = time.perf_counter()
        questions = [[{"role": "user", "content": f"Which country is {town} in?"}] for town in TOWNS]
        replies = await asyncio.gather(*(t.chat(model=f"vllm/{MODEL}", messages=q, max_tokens=512) for q in questions))
        took = time.perf_counter() - began
    for reply in replies:
        print(reply.text)
    print(f"-- {sum(reply.usage.output for reply in replies)} tokens in {took:.2f} s")


try:
    asyncio.run(main())
except turnout.errors.TurnoutError as error:
    sys.exit(f"No answer: {error}")  # it says what to do
