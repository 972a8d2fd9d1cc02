"""The providers and dialects that are found, and requests for their tests."""

from __future__ import annotations

from typing import Any

import pytest

from turnout import dialects, providers
from turnout.contract_tests.requests import body_or_events as body_or_events
from turnout.contract_tests.requests import chat_request as chat_request
from turnout.contract_tests.requests import chat_with_parts as chat_with_parts
from turnout.contract_tests.requests import deployment as deployment
from turnout.contract_tests.requests import leaf_values as leaf_values
from turnout.dialects import HERE, Target
from turnout.providers import Provider, WireProvider

PROVIDERS: dict[str, Provider] = {provider.name: provider for provider in providers.registry().values()}
ON_WIRES = {name: provider for name, provider in PROVIDERS.items() if isinstance(provider, WireProvider)}
DIALECTS = dict(dialects.registry())
ENDPOINTS = {endpoint.wire: endpoint for dialect in DIALECTS.values() for endpoint in dialect.endpoints}

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
"""A streamed chat with the text "Hellö" to the model ``fast``, for each wire that takes chats."""
WITHOUT_TOOLS = frozenset({"openai-completions"})
"""Wires without tools: clients can't offer them, and answers have no calls."""
CHATS = {wire: endpoint for wire, endpoint in ENDPOINTS.items() if wire in BODIES}

each_endpoint = pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=ENDPOINTS)
