"""Tokens of an attempt whose provider didn't report them (a stream that was cut, a client that left)."""

from __future__ import annotations

from collections.abc import Iterable

from turnout.core import (
    ChatRequest,
    EmbeddingRequest,
    ImageRequest,
    Refusal,
    Request,
    SpeechRequest,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Usage,
)

CHARACTERS_PER_TOKEN = 4
"""A rule of thumb for English, until tokens are counted for real."""


def estimated_usage(request: Request, output_tokens: int) -> Usage:
    """Usage marked as estimated, from the request's text and the output that was seen."""
    said = sum(map(characters, _asked(request)))
    return Usage(input=-(-said // CHARACTERS_PER_TOKEN), output=output_tokens, source="estimated")


def _asked(request: Request) -> Iterable[object]:
    match request:
        case ChatRequest(messages=messages):
            return (part for message in messages for part in message.parts)
        case EmbeddingRequest(inputs=inputs):
            return inputs
        case ImageRequest(prompt=text) | SpeechRequest(text=text):
            return (text,)
        case _:
            return ()


def characters(part: object) -> int:
    """How much a part says in words. Tokens that a client made itself count as the characters they stand for."""
    match part:
        case str():
            return len(part)
        case tuple():
            return len(part) * CHARACTERS_PER_TOKEN
        case Text(text=text) | Thinking(text=text) | Refusal(text=text):
            return len(text)
        case ToolCall(name=name, arguments=arguments):
            return len(name) + len(arguments)
        case ToolResult(parts=parts):
            return sum(characters(inner) for inner in parts)
    return 0
