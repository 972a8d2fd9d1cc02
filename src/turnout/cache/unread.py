"""What the core's form of a request doesn't tell of it, where the list of unread fields doesn't tell it either."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from turnout.core import EmbeddingRequest, Request, WireBody

_GEMINI: Final = frozenset(
    {
        *("contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "parts", "role", "text"),
        *("inlineData", "mimeType", "data", "functionCall", "functionResponse", "name", "id", "thought"),
        *("thoughtSignature", "functionDeclarations", "description", "functionCallingConfig", "mode"),
        *("allowedFunctionNames", "temperature", "topP", "topK", "seed", "presencePenalty", "frequencyPenalty"),
        *("maxOutputTokens", "stopSequences", "candidateCount", "responseLogprobs", "logprobs", "responseMimeType"),
        *("thinkingConfig", "thinkingBudget", "thinkingLevel", "args", "response", "parameters"),
        *("parametersJsonSchema", "responseSchema", "responseJsonSchema"),
    }
)
_FREE: Final = frozenset({"args", "response", "parameters", "parametersJsonSchema", "responseSchema"}) | {
    "responseJsonSchema"
}
"""Fields of Gemini's whose values have names of the client's own; the core has them as they are."""

_VECTORS: Final = frozenset(
    {
        *("model", "content", "parts", "text", "role", "requests", "taskType", "outputDimensionality"),
        *("input", "prompt", "dimensions", "encoding_format", "user", "options", "keep_alive", "truncate"),
    }
)
_SOURCE: Final = frozenset({"type", "media_type", "data", "url", "file_id"})
_ALIKE: Final = frozenset({"openai-chat", "anthropic-messages", "ollama"})


def has_untold(request: Request) -> bool:
    """Whether the key of ``request`` needs its client's own words, beside what the core has of it."""
    raw = request.raw
    if not isinstance(raw, WireBody):
        return False
    if isinstance(request, EmbeddingRequest):
        return any(_has_other_names(_decoded(value), _VECTORS) for value in raw.fields.values())
    match raw.wire:
        case "gemini":
            return _has_other_names(_decoded_all(raw.fields), _GEMINI)
        case "anthropic-messages":
            messages = raw.fields["messages"]
            return b'"source"' in bytes(messages) and _has_odd_source(_decoded(messages))
        case "openai-responses":
            return "include" in raw.fields or b"summary" in bytes(raw.fields.get("reasoning", b""))
    return raw.wire not in _ALIKE


def _decoded(value: msgspec.Raw) -> Any:
    return msgspec.json.decode(value)


def _decoded_all(fields: Mapping[str, msgspec.Raw]) -> Any:
    return {name: _decoded(value) for name, value in fields.items()}


def _has_other_names(value: Any, known: frozenset[str]) -> bool:
    if isinstance(value, dict):
        return any(
            name not in known or (name not in _FREE and _has_other_names(inner, known)) for name, inner in value.items()
        )
    return isinstance(value, list) and any(_has_other_names(inner, known) for inner in value)


def _has_odd_source(value: Any) -> bool:
    if isinstance(value, dict):
        source = value.get("source")
        is_odd = isinstance(source, dict) and not source.keys() <= _SOURCE
        return is_odd or any(map(_has_odd_source, value.values()))
    return isinstance(value, list) and any(map(_has_odd_source, value))
