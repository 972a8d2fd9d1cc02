"""Azure OpenAI. Needs AZURE_OPENAI_ENDPOINT, AZURE_OPENAI_API_KEY and AZURE_OPENAI_DEPLOYMENT.

AZURE_OPENAI_API_VERSION is for resources that still want a dated version.

    python examples/azure_worker.py "Why is the sky blue?"
"""

import asyncio
import os
import sys

import turnout

DEPLOYMENT = os.environ.get("AZURE_OPENAI_DEPLOYMENT") or sys.exit(
    "Set AZURE_OPENAI_DEPLOYMENT to your deployment's name."
)
PROMPT = " ".join(sys.argv[1:]) or "Why is the sky blue?"


async def main() -> None:
    async with turnout.open() as t:
        reply = await t.chat(model=f"azure/{DEPLOYMENT}", messages=[{"role": "user", "content": PROMPT}])
        print(reply.text)
        print(f"-- {reply.deployment}, {reply.usage.total} tokens, finished: {reply.finish}")


try:
    asyncio.run(main())
except turnout.errors.TurnoutError as error:
    sys.exit(f"No answer: {error}")  # it says what to do
