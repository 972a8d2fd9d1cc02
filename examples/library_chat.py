"""A conversation of several turns. Needs nothing: the first configured model answers, or echo.

python examples/library_chat.py
"""

import asyncio
import sys

import turnout

QUESTIONS = ("My name is Ada.", "What is my name?")


async def main() -> None:
    messages = [{"role": "system", "content": "You are brief."}]
    async with turnout.open() as t:
        for question in QUESTIONS:
            messages.append({"role": "user", "content": question})
            reply = await t.chat(messages=messages)
            messages.append(reply.raw["choices"][0]["message"])
            print(f"> {question}\n{reply.text}\n-- {reply.deployment}, {reply.cost_usd} USD\n")


try:
    asyncio.run(main())
except turnout.errors.TurnoutError as error:
    sys.exit(f"No answer: {error}")  # it says what to do
