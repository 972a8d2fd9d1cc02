"""A model's own thoughts, which clients send back with its turns."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import structs

from turnout.core import ChatRequest, Message, Part, RedactedThinking, Thinking

from .fitting import Fitting

_THOUGHTS = (Thinking, RedactedThinking)


def thoughts_where_taken(request: ChatRequest, fitting: Fitting) -> ChatRequest:
    """Some vendors need them (DeepSeek, within a tool loop), and others refuse a message that has them. Nobody is told
    of those that are left out: the provider would not show them to the model.
    """
    if fitting.support.thoughts and fitting.deployment.traits.reasoning_content:
        return request
    if not any(isinstance(part, _THOUGHTS) for message in request.messages for part in message.parts):
        return request
    return structs.replace(request, messages=tuple(_without(request.messages)))


def _without(messages: Iterable[Message]) -> Iterable[Message]:
    """A turn that has only thoughts is left out whole."""
    for message in messages:
        parts: tuple[Part, ...] = tuple([part for part in message.parts if not isinstance(part, _THOUGHTS)])
        if parts or not message.parts:
            yield message if len(parts) == len(message.parts) else structs.replace(message, parts=parts)
