"""Tokens of an attempt whose provider didn't report them (a stream that was cut, a client that left)."""

from __future__ import annotations

from turnout.core import ChatRequest, Refusal, Text, Thinking, ToolCall, ToolResult, Usage

CHARACTERS_PER_TOKEN = 4
"""A rule of thumb for English, until tokens are counted for real."""


def estimated_usage(request: ChatRequest, output_tokens: int) -> Usage:
    """Usage marked as estimated, from the request's text and the output that was seen."""
    said = sum(characters(part) for message in request.messages for part in message.parts)
    return Usage(input=-(-said // CHARACTERS_PER_TOKEN), output=output_tokens, source="estimated")


def characters(part: object) -> int:
    """How much a part says in words."""
    match part:
        case Text(text=text) | Thinking(text=text) | Refusal(text=text):
            return len(text)
        case ToolCall(name=name, arguments=arguments):
            return len(name) + len(arguments)
        case ToolResult(parts=parts):
            return sum(characters(inner) for inner in parts)
    return 0
