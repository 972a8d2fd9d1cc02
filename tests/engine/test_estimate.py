"""Estimates of long requests look at samples, and tell nearly what the whole would."""

from __future__ import annotations

import pytest

from turnout.core import ChatRequest, EmbeddingRequest, Message, Text, Usage
from turnout.engine.estimate import estimated_usage, weight

SENTENCE = "The quick brown fox doesn't jump over 13 lazy dogs; zwölf Boxkämpfer jagen Viktor. "


def test_a_long_text_weighs_as_much_as_its_samples() -> None:
    assert weight(SENTENCE * 50_000) == pytest.approx(weight(SENTENCE) * 50_000, rel=0.02)
    assert weight("") == 0


@pytest.mark.parametrize("number", [1, 999, 1000, 1999, 2000, 54_321])
def test_many_parts_weigh_as_much_as_a_sample_of_them(number: int) -> None:
    one = weight(SENTENCE) / 100
    chat = ChatRequest(model="m", messages=tuple([Message("user", (Text(SENTENCE),))] * number))
    embeddings = EmbeddingRequest(model="m", inputs=(SENTENCE,) * number)
    for request in (chat, embeddings):
        usage = estimated_usage(request, 5)
        assert usage == Usage(input=usage.input if usage else 0, output=5, source="estimated")
        assert usage.input == pytest.approx(one * number, rel=0.02, abs=1)


@pytest.mark.parametrize(
    ("kind", "characters", "hundredths"),
    [
        ("letters", "abcxyzABCXYZ", 29),
        ("digits", "0123456789", 85),
        ("symbols", '!"#/:;@[\\`{|}~', 46),
        ("controls", "\t\n\r", 58),
        ("spaces", " ", 0),
        ("two bytes", "\u00a2éßωяשع", 40),
        ("Indian", "अกతมി", 43),
        ("Chinese", "ảい中한\uffee", 81),
        ("emoji", "😀🚂\U0010fffd", 233),
    ],
)
def test_every_character_of_a_kind_weighs_the_same(kind: str, characters: str, hundredths: int) -> None:
    assert {character: weight(character) for character in characters} == dict.fromkeys(characters, hundredths)
