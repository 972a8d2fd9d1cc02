"""Azure OpenAI. Needs AZURE_OPENAI_ENDPOINT, AZURE_OPENAI_API_KEY and AZURE_OPENAI_DEPLOYMENT.

AZURE_OPENAI_API_VERSION is for resources that still want a dated version.

    python examples/azure_worker.py "Why is the sky blue?"
"""

import asyncio
import os
import sys

import turnout

DEPLOYMENT = os.environ["AZURE_OPENAI_DEPLOYMENT"]  # the name that you gave it
PROMPT = " ".join(sys.argv[1:]) or "Why is the sky blue?"


async def main() -> None:
    async with turnout.open() as t:
        reply = await t.chat(model=f"azure/{DEPLOYMENT}", messages=[{"role": "user", "content": PROMPT}])
        print(reply.text)
        print(f"-- {reply.deployment}, {reply.usage.total} tokens, finished: {reply.finish}")


asyncio.run(main())
