"""Refuses a request that surely doesn't fit, before it is sent: the next deployment may have a larger context."""

from __future__ import annotations

import asyncio

from turnout.core import (
    ChatRequest,
    Deployment,
    Part,
    Refusal,
    Request,
    Text,
    Thinking,
    TokenCount,
    Tool,
    ToolCall,
    ToolResult,
)
from turnout.errors import ContextTooLong, Unsupported

from .counting import count
from .families import family_of


class ContextCheck:
    """A ``Preparer`` that changes nothing.

    A token is at least one byte: a request with no more bytes than the context has tokens isn't counted. A longer
    one is counted in a thread. An exact count refuses at the limit, an estimate only when the true count can't be below
    it (``Family.margin``). It refuses an input beyond the context, and a longer answer than the model can give. It
    doesn't check whether both fit together: some providers refuse that, some give a shorter answer.
    """

    async def prepare(self, request: Request, deployment: Deployment) -> None:
        traits = deployment.traits
        if type(request) is not ChatRequest or (traits.context is None and traits.max_output is None):
            return
        if traits.max_output is not None and (request.max_output or 0) > traits.max_output:
            raise _answer_too_long(request.max_output or 0, traits.max_output, deployment.model)
        if traits.context is not None and size_of(request) > traits.context:
            await asyncio.to_thread(_check, request, deployment, traits.context)


def _check(request: ChatRequest, deployment: Deployment, limit: int) -> None:
    if text_size_of(request) <= limit:
        return
    counted = count(request, deployment)
    if lower_bound(counted, deployment) > limit:
        raise _input_too_long(counted, limit, deployment.model)


def size_of(request: ChatRequest) -> int:
    """A quick upper bound of ``text_size_of``."""
    return text_size_of(request) if request.raw is None else sum(map(len, request.raw.fields.values()))


def text_size_of(request: ChatRequest) -> int:
    """Bytes of everything that a model reads as text, which excludes images, recordings and documents."""
    return sum(map(_tool_size, request.tools)) + sum(
        _part_size(part) for message in request.messages for part in message.parts
    )


def _tool_size(tool: Tool) -> int:
    return _size(tool.name) + _size(tool.description or "") + len(tool.parameters or b"")


def _part_size(part: Part) -> int:
    match part:
        case Text(text=text, extensions=None) | Thinking(text=text) | Refusal(text=text):
            return _size(text)
        case Text(text=text, extensions=extensions):
            return _size(text) + sum(len(field) for fields in (extensions or {}).values() for field in fields.values())
        case ToolCall(name=name, arguments=arguments):
            return _size(name) + _size(arguments)
        case ToolResult(parts=parts):
            return sum(map(_part_size, parts))
    return 0


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode(errors="replace"))


def lower_bound(counted: TokenCount, deployment: Deployment) -> float:
    """The smallest true count that the estimate allows."""
    if counted.source != "estimated":
        return counted.tokens
    family = family_of(deployment.model, deployment.traits.tokenizer)
    return counted.tokens * (1 - family.margin)


def _input_too_long(counted: TokenCount, limit: int, model: str) -> ContextTooLong:
    about = "" if counted.source == "exact" else "about "
    return ContextTooLong(
        f"The request has {about}{counted.tokens} tokens, but {model} takes {limit} at most. Send less, or ask for a"
        " model with a larger context.",
        tokens=counted.tokens,
        limit=limit,
    )


def _answer_too_long(requested: int, limit: int, model: str) -> Unsupported:
    """It says nothing of the context: a client that makes its conversation shorter would get the same error."""
    return Unsupported(
        f"An answer of {requested} tokens was asked for, but {model} gives {limit} at most. Ask for less.",
        param="max_tokens",
    )
