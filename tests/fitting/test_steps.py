"""What another provider did by itself is told in words, or left out and named. It is never refused."""

from __future__ import annotations

import pytest
from msgspec import Raw

from tests.support.contract import ON_WIRES, deployment
from turnout.core import ChatRequest, Message, Part, Search, Source, Text
from turnout.errors import Unsupported
from turnout.fitting.rules import Fitted, fit

ASKED = Message("user", (Text("hi"),))
BLOCK = {"anthropic": {"block": Raw(b'{"type":"odd"}')}}


def fitted(provider: str, *messages: Message) -> Fitted:
    to = ON_WIRES[provider]
    return fit(ChatRequest(model="m", messages=messages), provider, to.support, deployment(to))


def parts_of(fitted: Fitted) -> list[tuple[Part, ...]]:
    assert isinstance(fitted.request, ChatRequest)
    return [message.parts for message in fitted.request.messages]


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (Search("1", ("a", "b"), extensions=BLOCK), 'Searched the web for "a", "b".'),
        (
            Search("1", sources=(Source("https://x", "X"), Source("https://y"))),
            "Found on the web:\n- X: https://x\n- https://y",
        ),
        (Search("1", error="unavailable"), "The search failed: unavailable."),
        (Text("In words.", BLOCK), "In words."),
        (Search(), None),
        (Text("", BLOCK), None),
    ],
)
def test_a_step_is_told_in_words_or_left_out(part: Part, words: str | None) -> None:
    answer = Message("assistant", (part, Text("So.")))
    result = fitted("openai", ASKED, answer, ASKED)
    told = (Text(words), Text("So.")) if words else (Text("So."),)
    assert parts_of(result) == [ASKED.parts, told, ASKED.parts]
    (change,) = result.changes
    assert (change.field, change.instead) == ("messages[1].content[0]", "in words" if words else "")


def test_an_answer_of_nothing_else_is_left_out() -> None:
    assert parts_of(fitted("gemini", ASKED, Message("assistant", (Text("", BLOCK),)), ASKED)) == [
        ASKED.parts,
        ASKED.parts,
    ]


def test_its_own_provider_gets_it_back() -> None:
    answer = Message("assistant", (Search("1", ("a",), extensions=BLOCK), Text("", BLOCK), Text("So.")))
    result = fitted("anthropic", ASKED, answer)
    assert parts_of(result) == [ASKED.parts, answer.parts]
    assert result.changes == ()


def test_what_a_user_shows_has_to_be_seen() -> None:
    with pytest.raises(Unsupported, match="only the wire 'anthropic'"):
        fitted("openai", Message("user", (Text("", BLOCK),)))
