"""What Turnout has sealed for one provider stays away from the others, also in requests that are relayed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.contract import ENDPOINTS, ON_WIRES, deployment
from turnout.dialects import HERE
from turnout.dialects.sealed import UNSIGNED, Attached, seal

SEALED = seal(Attached(None, text=1))
TEXT = {"type": "text", "text": f"I say {SEALED}"}
ASKED = {"role": "user", "content": "hi"}
SIGNED = {"google": {"thought_signature": "c2ln"}}
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def relayed(wire: str, provider: str, messages: Any) -> Any:
    body = json.dumps({"model": "fast", "max_tokens": 5, "messages": messages}).encode()
    request = ENDPOINTS[wire].parse(body, HERE)
    return json.loads(ON_WIRES[provider].build(request, deployment(ON_WIRES[provider])).body)["messages"]


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
