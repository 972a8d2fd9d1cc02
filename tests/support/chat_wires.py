"""Every wire of a chat answer, with the two readers of its stream."""

from __future__ import annotations

import json
from typing import Any

from turnout.core import ChatRequest, Message, Text, WireBody
from turnout.providers import Decoder, registry

_PROVIDERS = {
    "openai-chat": "openai",
    "openai-completions": "compatible",
    "openai-responses": "openai",
    "anthropic-messages": "anthropic",
    "gemini": "gemini",
    "ollama": "ollama",
    "ollama-generate": "ollama",
    "llamacpp-completion": "llamacpp",
}


def request(wire: str) -> ChatRequest:
    return ChatRequest(model="m", messages=(Message("user", (Text("Hi"),)),), stream=True, raw=WireBody(wire, {}))


def readers(wire: str) -> dict[str, Decoder]:
    asked = request(wire)
    known: Any = registry()[_PROVIDERS[wire]]
    operation = known.operation(asked)
    return {"relayed": operation.relay(asked), "translated": operation.decoder(asked)}


def sse(event: dict[str, Any]) -> bytes:
    name = f"event: {event['type']}\n" if "type" in event else ""
    return f"{name}data: {json.dumps(event)}\n\n".encode()
