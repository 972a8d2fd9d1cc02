"""Anthropic takes four markers of its cache: the first and the last three of more."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import Raw

from tests.support.anthropic_wire import PNG, sent, sent_body
from tests.support.fitting import told
from turnout.core import ChatRequest, Image, Message, Text, Tool, ToolCall, ToolResult

MARKER: Any = {"anthropic": {"cache_control": Raw(b'{"type":"ephemeral"}')}}


def question(*texts: str, **fields: Any) -> ChatRequest:
    """A text is marked if it is in capitals."""
    parts = tuple(Text(text, MARKER if text.isupper() else None) for text in texts)
    return ChatRequest(model="fast", messages=(Message("user", parts),), **fields)


def marked(blocks: list[dict[str, Any]]) -> str:
    return "".join(block["text"] for block in blocks if "cache_control" in block)


@pytest.mark.parametrize(
    ("texts", "kept", "changes"),
    [
        pytest.param("ab", "", [], id="none"),
        pytest.param("aBCDE", "BCDE", [], id="four"),
        pytest.param("ABcDEF", "ADEF", ["messages[0].content[1].cache_control: left out"], id="five"),
        pytest.param(
            "aBCDEFG",
            "BEFG",
            ["messages[0].content[2].cache_control: left out", "messages[0].content[3].cache_control: left out"],
            id="six",
        ),
    ],
)
def test_the_first_and_the_last_three_markers_are_kept(texts: str, kept: str, changes: list[str]) -> None:
    request = question(*texts)
    content = sent_body(request)["messages"][0]["content"]
    assert "".join(block["text"] for block in content) == texts
    assert marked(content) == kept
    assert told(sent(request)) == changes


def test_markers_are_counted_in_the_order_of_the_prompt() -> None:
    """Tools, the system prompt, the messages; also inside a result."""
    picture = Image(data=PNG, media_type="image/png", extensions=MARKER)
    messages = (
        Message("system", (Text("s", MARKER),)),
        Message("user", (Text("a", MARKER),)),
        Message("assistant", (ToolCall("c", "f", "{}", MARKER),)),
        Message("tool", (ToolResult("c", (Text("x", MARKER), picture)),)),
    )
    request = ChatRequest(model="fast", messages=messages, tools=(Tool("f", extensions=MARKER), Tool("g")))
    assert told(sent(request)) == [
        "system[0].cache_control: left out",
        "messages[0].content[0].cache_control: left out",
    ]
    body = sent_body(request)
    question, call, result = [turn["content"] for turn in body["messages"]]
    assert (body["system"], question) == ([{"type": "text", "text": "s"}], [{"type": "text", "text": "a"}])
    kept = [body["tools"][0], *call, *result[0]["content"]]
    assert [block["cache_control"] for block in kept] == [{"type": "ephemeral"}] * 4


def test_the_request_itself_keeps_its_markers() -> None:
    """Another deployment gets it, if this one fails."""
    request = question(*"ABCDE")
    assert sent(request).body == sent(request).body
    assert all(part.extensions == MARKER for part in request.messages[0].parts)
