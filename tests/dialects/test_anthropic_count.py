"""A message's tokens are counted with Anthropic's request and reply."""

from __future__ import annotations

import json
from typing import Any

import pytest
from anthropic.types import MessageTokensCount

from tests.support.anthropic_wire import CONTEXT, DIALECT
from tests.support.whole_requests import read_whole
from turnout.core import CountRequest, Text, TokenCount, Tool
from turnout.errors import InvalidRequest

ENDPOINT = DIALECT.endpoints[1]
HELLO = [{"role": "user", "content": "Hello"}]


def count(**fields: Any) -> CountRequest:
    return read_whole(ENDPOINT, json.dumps({"model": "fast", "messages": HELLO} | fields).encode())


def test_what_is_counted_is_a_message_without_a_limit_of_its_answer() -> None:
    request = count(system="Be brief.", tools=[{"name": "f", "input_schema": {"type": "object"}}])
    assert request.model == request.chat.model == "fast"
    assert [message.role for message in request.chat.messages] == ["system", "user"]
    assert request.chat.messages[1].parts == (Text("Hello"),)
    assert [tool.name for tool in request.chat.tools] == ["f"]
    assert isinstance(request.chat.tools[0], Tool)
    assert (request.chat.max_output, request.chat.raw, request.stream) == (None, None, False)


def test_it_is_passed_on_as_it_came() -> None:
    request = count(cache_control={"type": "ephemeral"})
    assert request.raw is not None
    assert (request.raw.wire, sorted(request.raw.fields)) == ("anthropic-count", ["cache_control", "messages", "model"])


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"messages": [{"role": "user", "content": 5}]}, "messages.0.content"),
        ({"messages": None}, "messages"),
        ({"tools": [{"input_schema": {}}]}, "tools.0.name"),
    ],
    ids=["content", "no messages", "tool without a name"],
)
def test_a_mistake_is_named(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        count(**fields)
    assert caught.value.param == named


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"model":"m","messages":[{"role":"user","content":"\xff"}]}'])
def test_what_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        read_whole(ENDPOINT, body)


def test_the_count_is_told_as_anthropic_does() -> None:
    body = ENDPOINT.body(count(), TokenCount(tokens=12, source="estimated"), CONTEXT)
    assert MessageTokensCount.model_validate_json(body).input_tokens == 12
    assert ENDPOINT.media_type(count()) == "application/json"
    with pytest.raises(NotImplementedError):
        ENDPOINT.renderer(count(), CONTEXT)
