"""Refuses a request that surely doesn't fit, before it is sent: the next deployment may have a larger context."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from msgspec import Raw

from turnout.core import (
    ChatRequest,
    Deployment,
    Part,
    Refusal,
    Request,
    Search,
    Text,
    Thinking,
    TokenCount,
    Tool,
    ToolCall,
    ToolResult,
    readable,
)
from turnout.errors import ContextTooLong

from .counting import count
from .families import Family, family_of
from .sampling import stays_below


class ContextCheck:
    """A ``Preparer`` that changes nothing.

    A token is at least one byte: a request with no more bytes than the context has tokens isn't looked at. A longer one
    is estimated from a sample of its JSON, and passes if that is far enough from the limit. Only what may be refused is
    counted, in a thread. An exact count refuses at the limit, an estimate only when the true count can't be below it
    (``Family.margin``). It refuses an input beyond the context. It doesn't check whether the answer fits, too: some
    providers refuse that, some give a shorter answer. An engine that shortens a conversation gets a client of its own
    wire as it is.
    """

    def concerns(self, request: Request, deployment: Deployment) -> bool:
        limit = deployment.traits.context
        if type(request) is not ChatRequest or limit is None:
            return False
        return not (_is_short(request, limit) or _is_shortened(request, deployment))

    async def prepare(self, request: Request, deployment: Deployment) -> None:
        limit = deployment.traits.context
        if type(request) is not ChatRequest or limit is None:
            return
        json = json_of(request)
        if json and _fits(json, limit, deployment):
            return
        await asyncio.to_thread(_check, request, deployment, limit)


def _is_short(request: ChatRequest, limit: int) -> bool:
    """Whether the body has no more bytes than the model takes tokens, as most have."""
    raw = request.raw
    return raw is not None and raw.continues is None and sum(map(len, raw.fields.values())) <= limit


def _is_shortened(request: ChatRequest, deployment: Deployment) -> bool:
    """The client can also ask for a larger context there (Ollama's ``num_ctx``)."""
    own_wire = request.raw is not None and request.raw.wire.partition("-")[0] == deployment.provider
    return own_wire and deployment.traits.shortens


def _check(request: ChatRequest, deployment: Deployment, limit: int) -> None:
    """The JSON may have images, whose base64 is no text."""
    read = readable(request)
    if _fits(texts_of(read), limit, deployment):
        return
    counted = count(read, deployment)
    if lower_bound(counted, deployment) > limit:
        raise _input_too_long(counted, limit, deployment.model)


def _fits(texts: Sequence[bytes | Raw], limit: int, deployment: Deployment) -> bool:
    """Whether there is no need to count."""
    return sum(map(len, texts)) <= limit or stays_below(texts, _refused_from(limit, deployment), _family(deployment))


def _family(deployment: Deployment) -> Family:
    return family_of(deployment.model, deployment.traits.tokenizer)


def _refused_from(limit: int, deployment: Deployment) -> float:
    """The smallest count that may refuse."""
    family = _family(deployment)
    return limit / (1 - family.margin) if family.exact == "nothing" else limit


def json_of(request: ChatRequest) -> list[Raw]:
    """The client's JSON, with the turns that it continues. It has at least as many bytes as the texts in it."""
    if request.raw is None:
        return []
    earlier = request.raw.continues
    return [*request.raw.fields.values(), *(earlier.items if earlier is not None else ())]


def texts_of(request: ChatRequest) -> list[bytes]:
    """Everything that a model reads as text, which excludes images, recordings and documents."""
    texts = [text for message in request.messages for part in message.parts for text in _texts_of_part(part)]
    return [*texts, *(text for tool in request.tools for text in _texts_of_tool(tool))]


def _texts_of_tool(tool: Tool) -> tuple[bytes, ...]:
    return _utf8(tool.name), _utf8(tool.description or ""), bytes(tool.parameters or b"")


def _texts_of_part(part: Part) -> Iterable[bytes]:
    match part:
        case Text(text=text, extensions=None) | Thinking(text=text) | Refusal(text=text):
            return (_utf8(text),)
        case Search(extensions=extensions):
            return [bytes(field) for fields in (extensions or {}).values() for field in fields.values()]
        case Text(text=text, extensions=extensions):
            return _utf8(text), *(bytes(field) for fields in (extensions or {}).values() for field in fields.values())
        case ToolCall(name=name, arguments=arguments):
            return _utf8(name), _utf8(arguments)
        case ToolResult(parts=parts):
            return (text for inner in parts for text in _texts_of_part(inner))
    return ()


def _utf8(text: str) -> bytes:
    return text.encode(errors="replace")


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
