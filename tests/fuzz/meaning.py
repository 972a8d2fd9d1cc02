"""What an answer says: made by chance, and told from the events of a decoder."""

from __future__ import annotations

import json
from itertools import pairwise
from random import Random
from typing import Any

import msgspec

from turnout.core import Answer, FinishReason, Text, Thinking, ToolCall

TEXTS = ("Hello", " wörld", "😀", "𝄞🎉", '"{}"\\', "\n\ndata: [DONE]\n", "null", "</s>", " ", "0", '{"error": {}}')
NAMES = ("get", "set_all")
VALUES: tuple[Any, ...] = (1, "x", "😀", [1, {"a": None}], {}, 10**20, 1.5, "\\", None)


class Said(msgspec.Struct, frozen=True):
    """``calls`` have a name and arguments. ``tokens`` are those of the input and the output."""

    thoughts: str
    text: str
    calls: tuple[tuple[str, Any], ...]
    finish: FinishReason
    tokens: tuple[int, int]


def anything(random: Random) -> Said:
    """An answer that has a text or a call."""
    calls = tuple((random.choice(NAMES), _arguments(random)) for _ in range(random.choice((0, 0, 1, 2, 3))))
    text = "".join(random.choices(TEXTS, k=random.randint(0 if calls else 1, 6)))
    thoughts = "".join(random.choices(TEXTS, k=random.choice((0, 0, 3))))
    finish: FinishReason = random.choice(("length", "tool_calls" if calls else "stop"))
    return Said(thoughts, text, calls, finish, (random.randint(1, 99), random.randint(1, 99)))


def told(answer: Answer) -> Said:
    """Raises ``AssertionError`` for an answer that has no single choice, no finish or no usage."""
    (choice,) = answer.choices
    assert choice.finish is not None
    assert answer.usage is not None
    calls = [part for part in choice.parts if isinstance(part, ToolCall)]
    assert len({call.id for call in calls} - {""}) == len(calls), "every call has an id of its own"
    return Said(
        "".join([part.text for part in choice.parts if isinstance(part, Thinking)]),
        "".join([part.text for part in choice.parts if isinstance(part, Text)]),
        tuple((call.name, json.loads(call.arguments)) for call in calls),
        choice.finish.reason,
        (answer.usage.input, answer.usage.output),
    )


def _arguments(random: Random) -> dict[str, Any]:
    return {name: random.choice(VALUES) for name in random.sample(("a", "b", "größe"), random.randint(0, 3))}


def pieces(text: str, random: Random) -> list[str]:
    """The text, cut between any two UTF-16 units, as some vendors cut it. An empty piece may be among them."""
    units = text.encode("utf-16-le")
    cuts = sorted({0, len(units), *(2 * random.randrange(len(units) // 2 + 1) for _ in range(random.randrange(5)))})
    cut = [units[a:b].decode("utf-16-le", "surrogatepass") for a, b in pairwise(cuts)]
    return cut if random.random() < 0.7 else ["", *cut]
