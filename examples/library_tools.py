"""Tools: the model calls, the program answers, the model goes on. Needs OPENAI_API_KEY.

python examples/library_tools.py
"""

import asyncio
import json
import sys

import turnout

MODEL = "openai/gpt-6-luna"
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather in a town.",
        "parameters": {"type": "object", "properties": {"town": {"type": "string"}}, "required": ["town"]},
    },
}


def weather(town: str) -> str:
    return f"{town}: 21 °C, light wind"


async def main() -> None:
    messages = [{"role": "user", "content": "How is the weather in Lisbon? If you can, use a tool."}]
    async with turnout.open() as t:
        reply = await t.chat(model=MODEL, messages=messages, tools=[WEATHER])
        messages.append(reply.raw["choices"][0]["message"])
        for call in reply.tool_calls:
            print(f"calls {call.name}({call.arguments})")
            result = weather(**json.loads(call.arguments))
            messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
        reply = await t.chat(model=MODEL, messages=messages, tools=[WEATHER])
        print(reply.text)
        print(f"-- {reply.deployment}, {reply.usage.total} tokens, {reply.cost_usd} USD")


try:
    asyncio.run(main())
except turnout.errors.TurnoutError as error:
    sys.exit(f"No answer: {error}")  # it says what to do
