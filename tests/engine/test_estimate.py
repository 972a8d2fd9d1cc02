"""Estimates of long requests look at samples, and tell nearly what the whole would."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from turnout.core import (
    ChatRequest,
    EmbeddingRequest,
    Image,
    Message,
    Refusal,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
    Usage,
)
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


@pytest.mark.parametrize(
    ("part", "words"),
    [
        pytest.param(Text("one two"), "one two", id="text"),
        pytest.param(Thinking("one two"), "one two", id="thinking"),
        pytest.param(Refusal("one two"), "one two", id="refusal"),
        pytest.param(ToolCall("id", "weather", '{"city":"Delft"}'), 'weather{"city":"Delft"}', id="call"),
        pytest.param(ToolResult("id", (Text("sunny"), Image(data="aGk="), Text("warm"))), "sunnywarm", id="result"),
        pytest.param(Image(data="aGk="), "", id="image"),
    ],
)
def test_the_words_of_every_part_count(part: Any, words: str) -> None:
    usage = estimated_usage(ChatRequest(model="m", messages=(Message("user", (part,)),)), 0)
    assert usage == Usage(input=-(-weight(words) // 100), source="estimated")


def test_a_tool_counts_with_its_description_and_its_schema() -> None:
    schema = msgspec.Raw(b'{"type":"object"}')
    tools = (Tool("weather", "Tells the weather.", schema), Tool("time"))
    usage = estimated_usage(ChatRequest(model="m", messages=(), tools=tools), 0)
    assert usage == Usage(input=-(-weight('weatherTells the weather.{"type":"object"}time') // 100), source="estimated")


def test_token_ids_count_as_they_are() -> None:
    usage = estimated_usage(EmbeddingRequest(model="m", inputs=((1, 2, 3), (4,))), 0)
    assert usage == Usage(input=4, source="estimated")
