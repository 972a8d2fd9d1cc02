"""Gemini, looking at an image. Needs GEMINI_API_KEY.

python examples/gemini_worker.py photo.png "What is this?"
"""

import asyncio
import base64
import sys
from pathlib import Path

import turnout

RED_DOT = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="  # one pixel
)
PROMPT = " ".join(sys.argv[2:]) or "What is in this image?"


def picture() -> str:
    return base64.b64encode(Path(sys.argv[1]).read_bytes()).decode() if len(sys.argv) > 1 else RED_DOT


async def main(image: str) -> None:
    content = [
        {"type": "text", "text": PROMPT},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{image}"}},
    ]
    async with turnout.open() as t:
        reply = await t.chat(model="gemini/gemini-3.5-flash", messages=[{"role": "user", "content": content}])
        print(reply.text)
        print(f"-- {reply.deployment}, {reply.usage.total} tokens, {reply.cost_usd} USD")


try:
    asyncio.run(main(picture()))
except (OSError, turnout.errors.TurnoutError) as error:
    sys.exit(f"No answer: {error}")  # it says what to do
