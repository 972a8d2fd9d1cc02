"""llama.cpp on this machine, with a stop sequence. Needs `llama-server -m model.gguf --port 8080`.

LLAMA_CPP_URL says where it is, if it is elsewhere. It serves one model, whatever the name.

    python examples/llamacpp_worker.py "Count to ten."
"""

import asyncio
import sys

import turnout

PROMPT = " ".join(sys.argv[1:]) or "Count to ten."


async def main() -> None:
    async with turnout.open() as t:
        reply = await t.chat(
            model="llamacpp/default",
            messages=[{"role": "user", "content": PROMPT}],
            max_tokens=256,
            stop=["eight"],
        )
        print(reply.text)
        print(f"-- {reply.usage.output} tokens, finished: {reply.finish}")


try:
    asyncio.run(main())
except turnout.errors.TurnoutError as error:
    sys.exit(f"No answer: {error}")  # it says what to do
