"""Local first, then cloud, then echo: the first that answers. Needs nothing; better with Ollama or OPENAI_API_KEY.

python examples/fallback_chain.py "Why is the sky blue?"
"""

import asyncio
import sys
from pathlib import Path

import turnout

PROMPT = " ".join(sys.argv[1:]) or "Why is the sky blue?"


async def main() -> None:
    async with turnout.open(Path(__file__).with_suffix(".yaml")) as t:
        reply = await t.chat(model="assistant", messages=[{"role": "user", "content": PROMPT}])
        print(reply.text)
        print(f"-- {reply.deployment} answered at attempt {reply.attempts}")


try:
    asyncio.run(main())
except turnout.errors.TurnoutError as error:
    sys.exit(f"No answer: {error}")  # it says what to do
