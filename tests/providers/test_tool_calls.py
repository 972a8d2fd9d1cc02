"""Ids, names and arguments of tool calls on wires that have less of them than the core."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from turnout.core import ChatRequest, Message, Text, ToolCall, ToolResult
from turnout.errors import InvalidRequest, UpstreamBroken
from turnout.providers.tool_calls import CallIds, arguments_of, arguments_text, name_of


def conversation(*ids: str) -> ChatRequest:
    calls = tuple(ToolCall(call_id, "look_up", "{}") for call_id in ids)
    return ChatRequest(model="m", messages=(Message("user", (Text("hi"),)), Message("assistant", calls)))


@given(st.lists(st.sampled_from([f"call_{n}" for n in range(8)] + ["toolu_1", "x"]), unique=True), st.integers(1, 5))
def test_made_ids_are_new_to_the_conversation_and_to_each_other(earlier: list[str], count: int) -> None:
    call_ids = CallIds(conversation(*earlier))
    new = [call_ids.make() for _ in range(count)]
    assert len({*earlier, *new}) == len(earlier) + count


def test_made_ids_are_the_same_when_the_request_is_sent_again() -> None:
    request = conversation("a", "call_2")
    assert [CallIds(request).make() for _ in range(2)] == ["call_3", "call_3"]


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        pytest.param(b'{"b": 1, "a": 12345678901234567890, "x": 1e-400}', None, id="numbers_and_order_stay"),
        pytest.param(b"", "{}", id="left_out"),
        pytest.param(b"null", "{}", id="null"),
    ],
)
def test_arguments_text_is_the_providers_own(sent: bytes, text: str | None) -> None:
    assert arguments_text(Raw(sent)) == (sent.decode() if text is None else text)


def test_arguments_that_are_not_utf8_break_the_reply_not_the_process() -> None:
    with pytest.raises(UpstreamBroken, match="UTF-8"):
        arguments_text(Raw(b'{"a": "\xff"}'))


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param('{"a": 1}, "evil": 2', id="would_break_out_of_its_place"),
        pytest.param("[1]", id="array"),
        pytest.param('{"a": ', id="cut"),
        pytest.param('"text"', id="string"),
    ],
)
def test_arguments_that_are_not_an_object_are_refused_by_message(arguments: str) -> None:
    with pytest.raises(InvalidRequest, match="'call_7'") as caught:
        arguments_of(ToolCall("call_7", "f", arguments), "messages[3]")
    assert caught.value.param == "messages[3]"


def test_arguments_go_out_byte_for_byte() -> None:
    text = '{"b":1.0,"a":12345678901234567890}'
    assert bytes(arguments_of(ToolCall("c", "f", text), "messages[0]")) == text.encode()


def test_empty_arguments_mean_none() -> None:
    assert bytes(arguments_of(ToolCall("c", "f", " "), "messages[0]")) == b"{}"


def test_a_result_without_its_call_is_refused_by_message() -> None:
    with pytest.raises(InvalidRequest, match="'call_9'") as caught:
        name_of(ToolResult("call_9", (Text("21"),)), {"call_1": "f"}, "messages[2]")
    assert caught.value.param == "messages[2]"


def test_a_result_that_says_its_tool_needs_no_call() -> None:
    assert name_of(ToolResult("call_9", (), name="f"), {}, "messages[2]") == "f"
