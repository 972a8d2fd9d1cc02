"""What every client says anyway is never named as left out: it would hide what is."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from msgspec import structs

from tests.support.contract import ENDPOINTS, ON_WIRES, deployment
from tests.support.fitting import told, wire_request
from turnout.core import ChatRequest
from turnout.dialects import HERE, Target
from turnout.providers import WireProvider

SCHEMA: Final = {"type": "object", "properties": {"c": {"type": "string"}}, "required": ["c"]}
FUNCTION: Final = {"name": "w", "description": "Weather.", "parameters": SCHEMA}
CALL: Final = {"id": "call_1", "type": "function", "function": {"name": "w", "arguments": '{"c":"x"}'}}
REQUESTS: Final[dict[str, dict[str, Any]]] = {
    "openai-chat": {
        "model": "fast",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "hi"}]},
            {"role": "assistant", "content": None, "refusal": None, "annotations": [], "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "call_1", "content": "sunny"},
        ],
        "tools": [{"type": "function", "function": FUNCTION}],
        "tool_choice": "auto",
        "stream": False,
    },
    "openai-responses": {
        "model": "fast",
        "instructions": "Be brief.",
        "input": [
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]},
            {
                "type": "function_call",
                "id": "fc_1",
                "call_id": "call_1",
                "name": "w",
                "arguments": '{"c":"x"}',
                "status": "completed",
            },
            {"type": "function_call_output", "call_id": "call_1", "output": "sunny"},
        ],
        "tools": [{"type": "function", **FUNCTION}],
        "tool_choice": "auto",
        "stream": False,
        "store": False,
    },
    "anthropic-messages": {
        "model": "fast",
        "max_tokens": 500,
        "system": [{"type": "text", "text": "Be brief."}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "hi"}]},
            {
                "role": "assistant",
                "content": [
                    {"type": "text", "text": "I look.", "citations": None},
                    {"type": "tool_use", "id": "c1", "name": "w", "input": {"c": "x"}, "caller": {"type": "direct"}},
                ],
            },
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "sunny"}]},
        ],
        "tools": [{"name": "w", "description": "Weather.", "input_schema": SCHEMA}],
        "tool_choice": {"type": "auto"},
        "stream": False,
    },
    "gemini": {
        "systemInstruction": {"parts": [{"text": "Be brief."}], "role": "user"},
        "contents": [
            {"role": "user", "parts": [{"text": "hi"}]},
            {"role": "model", "parts": [{"functionCall": {"id": "c1", "name": "w", "args": {"c": "x"}}}]},
            {
                "role": "user",
                "parts": [{"functionResponse": {"id": "c1", "name": "w", "response": {"output": "sunny"}}}],
            },
        ],
        "tools": [{"functionDeclarations": [{"name": "w", "description": "Weather.", "parametersJsonSchema": SCHEMA}]}],
        "toolConfig": {"functionCallingConfig": {"mode": "AUTO"}},
        "generationConfig": {},
    },
    "ollama": {
        "model": "fast",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "hi"},
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [
                    {"id": "c1", "type": "function", "function": {"index": 0, "name": "w", "arguments": {"c": "x"}}}
                ],
            },
            {"role": "tool", "tool_name": "w", "content": "sunny"},
        ],
        "tools": [{"type": "function", "function": FUNCTION}],
        "options": {},
        "format": "",
        "stream": False,
    },
}


@pytest.mark.parametrize("provider", ON_WIRES.values(), ids=ON_WIRES)
@pytest.mark.parametrize("wire", REQUESTS)
def test_nothing_is_named_as_left_out(wire: str, provider: WireProvider) -> None:
    target = Target("models/fast") if wire == "gemini" else HERE
    request = ENDPOINTS[wire].parse(json.dumps(REQUESTS[wire]).encode(), target)
    assert isinstance(request, ChatRequest)
    assert request.raw is not None
    place = structs.replace(deployment(provider), model="gemini-2.5-flash" if provider.name == "gemini" else "m")
    assert told(wire_request(provider, request, place)) == []
