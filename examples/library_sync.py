"""One call, no event loop. Needs nothing: the first configured model answers, or echo.

python examples/library_sync.py "Hello, Turnout"
"""

import sys

import turnout

PROMPT = " ".join(sys.argv[1:]) or "Hello, Turnout"

try:
    reply = turnout.chat_completion([{"role": "user", "content": PROMPT}])
except turnout.errors.TurnoutError as error:
    sys.exit(f"No answer: {error}")  # it says what to do
print(reply.text)
print(f"-- {reply.deployment}, {reply.usage.total} tokens, {reply.cost_usd} USD")
