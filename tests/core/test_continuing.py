"""Going on with an answer that broke off."""

from __future__ import annotations

from typing import Any

import pytest

from turnout.core import (
    ChatRequest,
    Deployment,
    Message,
    Output,
    Reasoning,
    Text,
    Thinking,
    ToolChoice,
    Traits,
    WireBody,
    continued,
    continues,
)

HELLO = Message("user", (Text("Hi"),))
KNOWN = Traits(continues="message")
THINK = Reasoning(effort="high")


def request(*messages: Message, **fields: Any) -> ChatRequest:
    return ChatRequest(model="m", messages=messages or (HELLO,), **fields)


def deployment(traits: Traits) -> Deployment:
    return Deployment(id="d", provider="p", model="m", traits=traits)


@pytest.mark.parametrize(
    ("traits", "fields", "expected"),
    [
        pytest.param(KNOWN, {}, True, id="known"),
        pytest.param(Traits(), {}, False, id="not-known"),
        pytest.param(KNOWN, {"output": Output("json")}, False, id="json"),
        pytest.param(KNOWN, {"output": Output("json_schema")}, False, id="schema"),
        pytest.param(KNOWN, {"tool_choice": ToolChoice("required")}, False, id="has-to-call"),
        pytest.param(KNOWN, {"tool_choice": ToolChoice("auto")}, True, id="may-call"),
        pytest.param(KNOWN, {"n": 2}, False, id="two-answers"),
        pytest.param(KNOWN, {"reasoning": THINK}, False, id="would-think"),
        pytest.param(KNOWN, {"reasoning": Reasoning(enabled=False)}, True, id="need-not-think"),
        pytest.param(Traits(continues="prefix", thinking="never"), {"reasoning": THINK}, True, id="cannot-think"),
        pytest.param(Traits(continues="message", thinking="always"), {"reasoning": THINK}, True, id="known-to-think"),
    ],
)
def test_who_goes_on_with_what(traits: Traits, fields: dict[str, Any], expected: bool) -> None:
    assert continues(deployment(traits), request(**fields)) is expected


def test_the_words_come_last_and_the_request_is_translated() -> None:
    rest = continued(request(raw=WireBody("openai-chat", {})), "Hello, wor")
    assert rest.messages == (HELLO, Message("assistant", (Text("Hello, wor"),)))
    assert rest.prefilled
    assert rest.raw is not None
    assert rest.raw.wire == ""


def test_the_clients_own_prefill_is_one_text_with_the_words() -> None:
    own = Message("assistant", (Thinking("Hm"), Text("Hel"), Text("lo")), name="A")
    rest = continued(request(HELLO, own), ", wor")
    assert rest.messages == (HELLO, Message("assistant", (Thinking("Hm"), Text("Hello, wor")), name="A"))
