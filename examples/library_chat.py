"""A conversation of several turns. Needs nothing: the first configured model answers, or echo.

python examples/library_chat.py
"""

import asyncio

import turnout

QUESTIONS = ("My name is Ada.", "What is my name?")


async def main() -> None:
    messages = [{"role": "system", "content": "You are brief."}]
    async with turnout.open() as t:
        for question in QUESTIONS:
            messages.append({"role": "user", "content": question})
            try:
                reply = await t.chat(messages=messages)
            except turnout.errors.TurnoutError as error:
                print(f"No answer: {error}")  # it says what to do
                return
            messages.append(reply.raw["choices"][0]["message"])
            print(f"> {question}\n{reply.text}\n-- {reply.deployment}, {reply.cost_usd} USD\n")


asyncio.run(main())
