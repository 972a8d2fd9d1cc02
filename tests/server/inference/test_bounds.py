"""What a body may hold is counted before it is decoded, and what has come of it by kind."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from tests.support.contract import ENDPOINTS
from turnout.config import LimitSettings
from turnout.dialects import HERE, Target
from turnout.errors import BodyTooLarge, InvalidRequest, UnknownModel
from turnout.server.inference import bounds
from turnout.server.inference.bounds import check_body, may_hold
from turnout.steps.within_limits import check_counts

TINY = LimitSettings(messages=2, parts=3, inputs=2, tools=1, stop=1)
TEXTS = [
    "",
    "plain",
    'a "quoted" one',
    "back\\slash",
    '\\"',
    "\\\\",
    "[1,2]",
    '{"a":',
    "ü, 漢, 👋",
    "\\" * 9,
    '"' * 5,
    "\n,\t",
]


def number_in(value: Any) -> int:
    """Of values and keys. What is empty counts twice: the mark that opens it parts nothing."""
    if isinstance(value, dict):
        return 1 + sum(1 + number_in(inner) for inner in value.values()) + (not value)
    return 1 + sum(map(number_in, value)) + (not value) if isinstance(value, list) else 1


def some_json(chance: random.Random, depth: int = 0) -> Any:
    kind = chance.randrange(6 if depth < 4 else 4)
    if kind == 4:
        return [some_json(chance, depth + 1) for _ in range(chance.randrange(6))]
    if kind == 5:
        return {chance.choice(TEXTS) + str(key): some_json(chance, depth + 1) for key in range(chance.randrange(6))}
    return chance.choice([chance.choice(TEXTS), chance.randrange(99), 0.5, None]) if kind < 3 else chance.choice(TEXTS)


def taken(body: bytes, most: int) -> bool:
    try:
        check_body(body, most)
    except BodyTooLarge:
        return False
    return True


@pytest.mark.parametrize("seed", range(40))
def test_values_and_keys_are_counted_wherever_the_slices_end(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(seed)  # noqa: S311 - chance, not secrecy
    value = [some_json(chance) for _ in range(20)]
    number = number_in(value)
    body = json.dumps(value, ensure_ascii=chance.random() < 0.5, indent=chance.choice([None, 1])).encode()
    for size in (1, 2, 3, 7, 64, 10**6):
        monkeypatch.setattr(bounds, "_SLICE", size)
        assert taken(body, number)
        assert not taken(body, number - 1)


def test_commas_in_texts_are_no_values() -> None:
    body = json.dumps({"prompt": ', "[{:' * 1000}).encode()
    assert taken(body, 5)
    assert not taken(body, 2)


def test_a_short_body_is_never_counted() -> None:
    assert not may_hold(b"[" + b"1," * 99 + b"1]", 101)
    assert may_hold(b"[" + b"1," * 200 + b"1]", 100)


def test_the_error_says_what_to_do() -> None:
    with pytest.raises(BodyTooLarge, match=r"more than 3 JSON values and keys.* raise limits\.values\.") as caught:
        check_body(b"[1,2,3,4]", 3)
    assert caught.value.status == 413


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        pytest.param("A" * 5000, True, id="base64"),
        pytest.param("ab\\/" * 60 + "A" * 5000, True, id="some-escapes"),
        pytest.param("\\n" * 900, False, id="escapes"),
        pytest.param("é" * 900, False, id="beyond-ascii"),
    ],
)
def test_texts_that_are_slow_to_decode_are_bounded(text: str, fits: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "_MOST_WRITTEN", 1000)
    monkeypatch.setattr(bounds, "_SLICE", 64)
    assert taken(f'{{"prompt":"{text}"}}'.encode(), 100) is fits


def check_request(path_or_wire: str, target: Target = HERE, **fields: Any) -> None:
    body = json.dumps(fields).encode()
    check_counts(ENDPOINTS[path_or_wire].parse(body, target), len(body), TINY)


MESSAGE = {"role": "user", "content": "x"}
TOOL = {"type": "function", "function": {"name": "f"}}
CALL = {"role": "assistant", "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f"}}]}
RESULT = {"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": "x"}] * 2}
GEMINI = Target("models/fast")


@pytest.mark.parametrize(
    ("wire", "target", "fields", "param", "words"),
    [
        pytest.param("openai-chat", HERE, {"messages": [MESSAGE] * 3}, "messages", "3 messages, and 2", id="messages"),
        pytest.param(
            "openai-chat",
            HERE,
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}] * 4}]},
            "messages",
            "4 parts, and 3",
            id="parts",
        ),
        pytest.param("openai-chat", HERE, {"messages": [CALL, RESULT]}, "messages", "4 parts, and 3", id="in-results"),
        pytest.param(
            "openai-chat", HERE, {"messages": [MESSAGE], "tools": [TOOL] * 2}, "tools", "2 tools, and 1", id="tools"
        ),
        pytest.param(
            "anthropic-messages",
            HERE,
            {"max_tokens": 1, "messages": [MESSAGE], "stop_sequences": ["a", "b"]},
            "stop",
            "2 stop sequences, and 1",
            id="stop",
        ),
        pytest.param("openai-embeddings", HERE, {"input": ["a"] * 3}, "input", "3 inputs, and 2", id="inputs"),
        pytest.param("openai-responses", HERE, {"input": [MESSAGE] * 3}, "input", "3 messages, and 2", id="items"),
        pytest.param("openai-completions", HERE, {"prompt": ["a"] * 3}, "prompt", "3 messages, and 2", id="prompts"),
        pytest.param(
            "gemini",
            GEMINI,
            {"contents": [{"parts": [{"text": "x"}]}] * 3},
            "contents",
            "3 messages, and 2",
            id="gemini",
        ),
        pytest.param("anthropic-count", HERE, {"messages": [MESSAGE] * 3}, "messages", "3 messages, and 2", id="count"),
    ],
)
def test_too_many_of_a_kind_are_refused_by_the_field_they_are_in(
    wire: str, target: Target, fields: dict[str, Any], param: str, words: str
) -> None:
    with pytest.raises(InvalidRequest, match=f"Invalid '{param}': it holds {words} are the limit here.") as caught:
        check_request(wire, target, **{"model": "fast", **fields})
    assert caught.value.param == param


def test_as_many_values_as_the_limit_are_accepted() -> None:
    check_request("openai-chat", model="fast", messages=[MESSAGE] * 2, tools=[TOOL], stop=["a"])
    check_request("openai-embeddings", model="fast", input=["a", "b"])


def test_a_model_of_a_long_name_does_not_exist() -> None:
    with pytest.raises(UnknownModel) as caught:
        check_request("openai-chat", model="m" * 10**6, messages=[MESSAGE])
    assert len(caught.value.message) < 400
