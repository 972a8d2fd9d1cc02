"""A bare prompt is one user message, unless it is written as Human's and Assistant's turns."""

from __future__ import annotations

import pytest

from turnout.core import Message, Part, Text
from turnout.core.prompts import messages_of


def said(prompt: str) -> list[tuple[str, str]]:
    return [(message.role, text_of(part)) for message in messages_of(prompt) for part in message.parts]


def text_of(part: Part) -> str:
    assert isinstance(part, Text)
    return part.text


CONVERSATIONS = {
    "one turn": ("\n\nHuman: Hi\n\nAssistant:", [("user", "Hi")]),
    "no blank line before the first": ("Human: Hi\n\nAssistant:", [("user", "Hi")]),
    "system before": ("Be brief.\n\nHuman: Hi\n\nAssistant:", [("system", "Be brief."), ("user", "Hi")]),
    "several turns": (
        "\n\nHuman: One?\n\nAssistant: Two.\n\nHuman: Three?\n\nAssistant:",
        [("user", "One?"), ("assistant", "Two."), ("user", "Three?")],
    ),
    "answer begun": ("\n\nHuman: A list\n\nAssistant: 1.", [("user", "A list"), ("assistant", "1.")]),
    "blank lines inside a turn": ("\n\nHuman: One\n\nTwo\n\nAssistant:", [("user", "One\n\nTwo")]),
    "names inside a line": ("\n\nHuman: Who is Human: me?\n\nAssistant:", [("user", "Who is Human: me?")]),
}


@pytest.mark.parametrize(("prompt", "turns"), CONVERSATIONS.values(), ids=CONVERSATIONS)
def test_turns_become_messages(prompt: str, turns: list[tuple[str, str]]) -> None:
    assert said(prompt) == turns


@pytest.mark.parametrize(
    "prompt",
    [
        "Once upon a time",
        " kept  as it is \n",
        "",
        "Human: no answer is asked for",
        "\n\nAssistant: alone",
        "\n\nHuman: A\n\nAssistant: B\n\nHuman: not Assistant's turn",
        "A chat:\nHuman: one line break is no turn\nAssistant:",
    ],
)
def test_anything_else_is_the_users_word_for_word(prompt: str) -> None:
    assert messages_of(prompt) == (Message("user", (Text(prompt),)),)


def test_empty_turns_say_nothing_and_stay_a_prompt() -> None:
    """A conversation without a word would be refused by every provider, and nobody would know why."""
    assert said("\n\nHuman:\n\nAssistant:") == [("user", "\n\nHuman:\n\nAssistant:")]
