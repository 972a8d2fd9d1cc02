"""What the contract tests of providers and dialects share: everybody who is found, and how they are asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from turnout import dialects, providers
from turnout.core import ChatRequest, Deployment, Message, Part, Secret, Text
from turnout.dialects import HERE, Target
from turnout.providers import Provider, WireProvider

PROVIDERS: dict[str, Provider] = {provider.name: provider for provider in providers.registry().values()}
ON_WIRES = {name: provider for name, provider in PROVIDERS.items() if isinstance(provider, WireProvider)}
DIALECTS = dict(dialects.registry())
ENDPOINTS = {endpoint.wire: endpoint for dialect in DIALECTS.values() for endpoint in dialect.endpoints}
HELLO = (Message("user", (Text("hi"),)),)

each_provider = pytest.mark.parametrize("provider", PROVIDERS.values(), ids=PROVIDERS)
each_wire_provider = pytest.mark.parametrize("provider", ON_WIRES.values(), ids=ON_WIRES)
BODIES: dict[str, tuple[dict[str, Any], Target]] = {
    "openai-responses": ({"model": "fast", "input": "Hellö", "stream": True}, HERE),
    "openai-chat": ({"model": "fast", "messages": [{"role": "user", "content": "Hellö"}], "stream": True}, HERE),
    "openai-completions": ({"model": "fast", "prompt": "Hellö", "stream": True}, HERE),
    "anthropic-messages": (
        {"model": "fast", "max_tokens": 5, "messages": [{"role": "user", "content": "Hellö"}], "stream": True},
        HERE,
    ),
    "gemini": ({"contents": [{"role": "user", "parts": [{"text": "Hellö"}]}]}, Target("models/fast", "alt=sse")),
    "ollama": ({"model": "fast", "messages": [{"role": "user", "content": "Hellö"}]}, HERE),
    "ollama-generate": ({"model": "fast", "prompt": "Hellö"}, HERE),
    "orchestration-chat": (
        {"model_id": "fast", "messages": [{"role": "User", "content": "Hellö"}], "stream": True},
        HERE,
    ),
    "orchestration-completion": ({"model": "fast", "prompt": "Hellö", "stream": True}, HERE),
    "model-service-generate": ({"model": "fast", "prompt": "Hellö", "stream": True}, HERE),
}
"""A streamed "Hellö" to the model ``fast`` in every wire that asks for a chat answer."""
WITHOUT_TOOLS = frozenset({"openai-completions"})
"""Wires whose clients have no way to offer a tool, and whose answers have no place for a call."""
CHATS = {wire: endpoint for wire, endpoint in ENDPOINTS.items() if wire in BODIES}

each_endpoint = pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=ENDPOINTS)
each_chat = pytest.mark.parametrize("endpoint", CHATS.values(), ids=CHATS)
each_dialect = pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)


def deployment(provider: Provider) -> Deployment:
    return Deployment(
        id="d",
        provider=provider.name,
        model="some-model",
        base_url=provider.profile.base_url or "https://x.test",
        api_key=Secret("sk-secret"),
        key_source="SOME_KEY",
    )


def asking(**fields: Any) -> ChatRequest:
    said: dict[str, Any] = {"model": "fast", "messages": HELLO, "max_output": 4096}
    return ChatRequest(**said | fields)


def saying(*parts: Part) -> ChatRequest:
    return asking(messages=(Message("user", (Text("hi"), *parts)),))


def begin(provider: Provider, request: ChatRequest) -> Any:
    """What is done with a request before there is an answer; the body that is sent, if one is."""
    if not isinstance(provider, WireProvider):
        return provider.run(request, deployment(provider))
    return json.loads(provider.build(request, deployment(provider)).body)


def leaves(value: Any) -> Iterator[Any]:
    """Every value in a decoded JSON document that isn't an object or an array."""
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from leaves(inner)
    else:
        yield value
