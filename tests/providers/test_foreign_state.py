"""What Turnout has sealed for one provider stays away from the others, also in requests that are relayed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import structs

from tests.support.contract import ENDPOINTS, ON_WIRES, deployment
from turnout.core import Traits
from turnout.dialects import HERE
from turnout.dialects.sealed import UNSIGNED, Attached, seal

SEALED = seal(Attached(None, text=1))
TEXT = {"type": "text", "text": f"I say {SEALED}"}
ASKED = {"role": "user", "content": "hi"}
SIGNED = {"google": {"thought_signature": "c2ln"}}
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def relayed(wire: str, provider: str, messages: Any, **traits: Any) -> Any:
    body = json.dumps({"model": "fast", "max_tokens": 5, "messages": messages}).encode()
    request = ENDPOINTS[wire].parse(body, HERE)
    place = structs.replace(deployment(ON_WIRES[provider]), traits=Traits(**traits))
    return json.loads(ON_WIRES[provider].build(request, place).body)["messages"]


@pytest.mark.parametrize(
    "block",
    [
        pytest.param({"type": "redacted_thinking", "data": SEALED}, id="attached"),
        pytest.param({"type": "thinking", "thinking": "Hm.", "signature": UNSIGNED}, id="unsigned"),
    ],
)
def test_anthropic_gets_only_its_own_thoughts(block: dict[str, Any]) -> None:
    own = [{"type": "redacted_thinking", "data": "EmwK"}, {"type": "thinking", "thinking": "x", "signature": "s"}, TEXT]
    messages = [ASKED, {"role": "assistant", "content": [block, *own]}]
    assert relayed("anthropic-messages", "anthropic", messages) == [ASKED, {"role": "assistant", "content": own}]


def test_a_message_without_other_blocks_is_left_out() -> None:
    messages = [ASKED, {"role": "assistant", "content": [{"type": "redacted_thinking", "data": SEALED}]}, ASKED]
    assert relayed("anthropic-messages", "anthropic", messages) == [ASKED, ASKED]


def test_a_text_with_these_letters_stays() -> None:
    messages = [{"role": "user", "content": SEALED}, {"role": "assistant", "content": [TEXT]}]
    assert relayed("anthropic-messages", "anthropic", messages) == messages
    assert relayed("openai-chat", "openai", messages) == messages


@pytest.mark.parametrize("messages", [SEALED, [SEALED], [{"role": "assistant", "content": [SEALED, {"data": 1}]}]])
@pytest.mark.parametrize(("wire", "provider"), [("anthropic-messages", "anthropic"), ("openai-chat", "openai")])
def test_what_has_another_form_is_left_to_the_vendor(wire: str, provider: str, messages: Any) -> None:
    assert relayed(wire, provider, messages) == messages


def test_chats_vendors_get_only_their_own_details() -> None:
    own = {"type": "reasoning.text", "text": "x", "signature": "s"}
    details = [{"type": "reasoning.encrypted", "data": SEALED}, own]
    message = {"role": "assistant", "content": "a", "reasoning_details": details}
    assert relayed("openai-chat", "vllm", [ASKED, message]) == [ASKED, message | {"reasoning_details": [own]}]
    only_ours = message | {"reasoning_details": details[:1]}
    assert relayed("openai-chat", "openai", [ASKED, only_ours]) == [ASKED, {"role": "assistant", "content": "a"}]


def test_geminis_signatures_go_to_no_address_that_cant_be_googles() -> None:
    details = [{"type": "reasoning.encrypted", "data": seal(Attached(None, call="c1"))}]
    message = {"role": "assistant", "content": None, "tool_calls": [CALL | {"extra_content": SIGNED}]}
    sealed = message | {"reasoning_details": details}
    assert relayed("openai-chat", "openai", [sealed]) == [message | {"tool_calls": [CALL]}]
    assert relayed("openai-chat", "compatible", [sealed]) == [message]


THOUGHTS: dict[str, Any] = {
    "reasoning_content": "Hm.",
    "reasoning_details": [{"type": "reasoning.text", "text": "Hm."}],
}


@pytest.mark.parametrize("name", THOUGHTS)
@pytest.mark.parametrize("provider", ["openai", "azure", "compatible", "vllm"])
def test_a_vendor_that_refuses_thoughts_gets_none(provider: str, name: str) -> None:
    """The text beside them stays byte for byte."""
    thought = {name: THOUGHTS[name]}
    turns: list[dict[str, Any]] = [
        {"role": "assistant", "content": "a", "reasoning": "Groq reads this."},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "assistant", "content": "", "refusal": "No."},
    ]
    sent = relayed("openai-chat", provider, [ASKED, *[turn | thought for turn in turns]], reasoning_content=False)
    assert sent == [ASKED, *turns]
    taken = [ASKED, turns[0] | thought]
    assert relayed("openai-chat", provider, taken) == taken


@pytest.mark.parametrize("content", [None, "", []])
def test_a_turn_that_has_only_thoughts_is_left_out(content: Any) -> None:
    silent = {"role": "assistant", "content": content} | THOUGHTS
    assert relayed("openai-chat", "compatible", [ASKED, silent, ASKED], reasoning_content=False) == [ASKED, ASKED]


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "user", "content": 'my "reasoning_content": 1'}],
        [{"role": "user", "content": [{"type": "text", "text": "x", "reasoning_content": 1}]}],
        ["reasoning_content", {"role": "assistant", "content": ""}],
        [["reasoning_content"]],
    ],
    ids=["a-text", "deeper", "a-bare-text", "a-list"],
)
def test_other_words_of_that_name_stay(messages: Any) -> None:
    assert relayed("openai-chat", "compatible", messages, reasoning_content=False) == messages
