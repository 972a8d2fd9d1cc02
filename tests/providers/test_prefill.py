"""How each provider is told to go on with an answer that was begun, and how it refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.fitting import wire_request
from turnout.core import ChatRequest, Deployment, Message, Prefill, Text, Traits, continued
from turnout.errors import ProviderWords, UpstreamBroken, UpstreamRefused
from turnout.providers import refuses_prefill, registry

ASKED = ChatRequest(model="m", messages=(Message("user", (Text("Hi"),)),))
BEGUN = continued(ASKED, "Hello, wor")
OWN = ChatRequest(model="m", messages=BEGUN.messages)
WORDS = {"role": "assistant", "content": "Hello, wor"}


def sent(request: ChatRequest, provider: str, continues: Prefill, base_url: str = "http://x") -> tuple[str, Any]:
    place = Deployment(id="d", provider=provider, model="m", base_url=base_url, traits=Traits(continues=continues))
    known: Any = registry()[provider]
    wire = wire_request(known, request, place)
    return wire.url, json.loads(wire.body)


@pytest.mark.parametrize("provider", ["vllm", "llamacpp", "compatible"])
def test_engines_are_told_to_continue_the_final_message(provider: str) -> None:
    _, body = sent(BEGUN, provider, "continue_final_message")
    assert (body["continue_final_message"], body["add_generation_prompt"]) == (True, False)
    assert body["messages"][-1] == WORDS


@pytest.mark.parametrize("mark", ["prefix", "partial"])
def test_vendors_have_a_mark_in_the_message(mark: Prefill) -> None:
    _, body = sent(BEGUN, "compatible", mark)
    assert body["messages"][-1] == WORDS | {mark: True}
    assert mark not in body["messages"][0]


def test_others_see_it_by_the_message_alone() -> None:
    _, body = sent(BEGUN, "compatible", "message")
    assert body == {"model": "m", "messages": [{"role": "user", "content": "Hi"}, WORDS]}
    assert sent(BEGUN, "anthropic", "message")[1]["messages"][-1] == WORDS
    assert sent(BEGUN, "ollama", "message")[1]["messages"][-1] == WORDS
    assert sent(BEGUN, "gemini", "message")[1]["contents"][-1] == {"role": "model", "parts": [{"text": "Hello, wor"}]}


@pytest.mark.parametrize("base_url", ["https://api.deepseek.com", "https://api.deepseek.com/v1"])
def test_deepseek_goes_on_only_at_its_beta_address(base_url: str) -> None:
    assert sent(BEGUN, "compatible", "prefix", base_url)[0] == "https://api.deepseek.com/beta/chat/completions"
    assert "beta" not in sent(OWN, "compatible", "prefix", base_url)[0]


@pytest.mark.parametrize("continues", ["continue_final_message", "prefix", "partial"])
def test_a_clients_own_words_are_sent_as_before(continues: Prefill) -> None:
    _, body = sent(OWN, "compatible", continues)
    assert body == {"model": "m", "messages": [{"role": "user", "content": "Hi"}, WORDS]}


@pytest.mark.parametrize(
    "message",
    [
        "This model does not support assistant message prefill. The conversation must end with a user message.",
        "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `text`. When `thinking` is"
        " enabled, a final `assistant` message must start with a thinking block",
        "Requests ending with a model turn are not supported unless the last part is a function response.",
        "Expected last role User or Tool (or Assistant with prefix True) for serving but got assistant",
        "The last message of deepseek-reasoner must be a user message, or an assistant message with prefix mode on",
        "Assistant response prefill is incompatible with enable_thinking.",
        "Cannot have 2 or more assistant messages at the end of the list.",
        "continue_final_message is set but the final message does not appear in the chat after applying the template",
        "property 'continue_final_message' is unsupported",
        "messages.1.partial: Extra inputs are not permitted",
    ],
)
def test_refusals_are_known_by_their_words(message: str) -> None:
    assert refuses_prefill(refusal(400, message))
    assert refuses_prefill(refusal(422, message))
    assert not refuses_prefill(refusal(500, message))


@pytest.mark.parametrize(
    "message", ["prompt is too long", "messages.1.role: unknown role 'assistent'", "Invalid 'messages'", ""]
)
def test_other_errors_say_nothing_of_it(message: str) -> None:
    assert not refuses_prefill(refusal(400, message))


def test_an_answer_that_breaks_off_is_no_refusal() -> None:
    assert not refuses_prefill(UpstreamBroken("does not support assistant message prefill"))


def refusal(status: int, message: str) -> UpstreamRefused:
    return UpstreamRefused(status, "refused", words=ProviderWords(message=message))
