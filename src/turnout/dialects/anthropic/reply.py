"""Answers → Anthropic's message, and the parts of it that a stream of events shares.

A client of this dialect can't request more than one choice. Anthropic's answers have no block for images, audio and
files from a model, so a text names them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec
from msgspec import Raw

from turnout.core import (
    Answer,
    Audio,
    File,
    Finish,
    Image,
    Part,
    RedactedThinking,
    Refusal,
    Search,
    Start,
    Text,
    Thinking,
    ToolCall,
    Usage,
)
from turnout.dialects import ReplyContext
from turnout.dialects.arguments import arguments_object
from turnout.dialects.sealed import UNSIGNED, signature_of

from .blocks import NAMESPACE
from .carried import carried_block
from .fields import Fields
from .web_search import citation_fields, search_block

_encode = msgspec.json.encode

DIRECT = {"type": "direct"}
"""The caller of a tool: the model itself, not a program that it wrote."""

NATIVE_REASONS = frozenset(
    {
        "end_turn",
        "max_tokens",
        "stop_sequence",
        "tool_use",
        "pause_turn",
        "refusal",
        "model_context_window_exceeded",
        "compaction",
    }
)
_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
    "refusal": "refusal",
    "other": "max_tokens",  # it has no other word for an answer that isn't whole, and that can't be continued
}


def message_body(answer: Answer, context: ReplyContext, *, thinks: bool) -> bytes:
    """A whole ``message``. ``thinks``: the client asked for thoughts."""
    choice = answer.choices[0] if answer.choices else None
    parts = choice.parts if choice else ()
    blocks = list(_blocks(parts, thinks=thinks))
    refusal = next((part for part in parts if isinstance(part, Refusal)), None)
    head = message_head(Start(answer.id, answer.model, answer.created), context)
    stop = stop_fields(choice.finish if choice else None, refusal)
    return _encode(head | {"content": blocks, **stop, "usage": usage_fields(answer.usage)})


def _blocks(parts: Iterable[Part], *, thinks: bool) -> Iterator[dict[str, Any] | Raw]:
    characters = 0
    for part in map(shown, parts):
        if isinstance(part, Text):
            characters += len(part.text)
        carried = carried_block(part, part.extensions, characters, thinks=thinks)
        if carried is not None:
            yield carried
        block = block_of(part)
        if block is not None:
            yield block


def message_head(start: Start, context: ReplyContext) -> dict[str, Any]:
    """The message before its content. Like all objects of a reply, it has every field that Anthropic's SDKs require
    (https://github.com/anthropics/anthropic-sdk-typescript/blob/main/src/resources/messages/messages.ts).

    Its model is the one that the client asked for: of another model's answer, Claude Code 2.1 sends no thoughts back.
    """
    return {
        "id": start.id or f"msg_{context.request_id}",
        "type": "message",
        "role": "assistant",
        "model": context.model,
        "container": None,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "stop_details": None,
    }


def stop_fields(finish: Finish | None, refusal: Refusal | None) -> dict[str, Any]:
    """The reason of the end. It holds a refusal's text, too, because this wire has no block for refusals."""
    details = {"type": "refusal", "category": None, "explanation": refusal.text} if refusal else None
    return {
        "stop_reason": _stop_reason(finish, refusal) if finish else None,
        "stop_sequence": finish.stop_sequence if finish else None,
        "stop_details": details | extra_fields(refusal) if details and refusal else None,
    }


def _stop_reason(finish: Finish, refusal: Refusal | None) -> str:
    if finish.native_reason in NATIVE_REASONS:
        return finish.native_reason
    if refusal:
        return "refusal"
    return "stop_sequence" if finish.stop_sequence is not None else _REASONS[finish.reason]


def block_of(part: Part) -> dict[str, Any] | Raw | None:
    """The whole block; None for a part that this wire doesn't have."""
    extra = extra_fields(part)
    match part:
        case Text():
            citations = citation_fields(part.citations) or None
            return extra.get("block") or {"type": "text", "text": part.text, "citations": citations, **extra}
        case Search():
            return extra["block"]
        case Thinking():
            signature = signature_of(part.signature, part.extensions) or UNSIGNED
            return {"type": "thinking", "thinking": part.text, "signature": signature, **extra}
        case RedactedThinking():
            return {"type": "redacted_thinking", "data": part.data, **extra}
        case ToolCall():
            return {
                "type": "tool_use",
                "id": part.id,
                "name": part.name,
                "input": arguments_object(part.arguments),
                "caller": DIRECT,
                **extra,
            }
    return None


def shown(part: Part) -> Part:
    """A text in place of what this wire has no block for: ``[image/png, 120 kB: not shown]``"""
    if not isinstance(part, Image | Audio | File):
        return part
    kind = f"audio/{part.format}" if isinstance(part, Audio) else part.media_type or "a picture"
    if part.data is not None:
        return Text(f"[{kind}, {len(part.data) * 3 // 4000} kB: not shown]")
    return Text(f"[{kind}: {part.url or 'not shown'}]")


def extra_fields(part: Part) -> Fields:
    """The fields of the part's block that the core doesn't have. A search is always a whole block."""
    fields = (part.extensions or {}).get(NAMESPACE) or {}
    if isinstance(part, Search) and "block" not in fields:
        return {"block": Raw(_encode(search_block(part)))}
    return fields


_SERVICE_TIERS: Final = frozenset({"batch", "priority"})  # besides the standard one


def usage_fields(usage: Usage | None) -> dict[str, Any]:
    """The usage of a message. A tier or a region that nobody has told is null."""
    usage = usage or Usage()
    extra = usage.extra
    return {
        **delta_usage_fields(usage),
        "cache_creation": {
            "ephemeral_5m_input_tokens": max(usage.cache_write - extra.cache_write_1h, 0),
            "ephemeral_1h_input_tokens": extra.cache_write_1h,
        },
        "inference_geo": extra.region or None,
        "service_tier": extra.service_tier if extra.service_tier in _SERVICE_TIERS else None,
    }


def delta_usage_fields(usage: Usage | None) -> dict[str, Any]:
    """The usage at the end of a stream. Anthropic counts cached tokens separately from the input."""
    usage = usage or Usage()
    searches = usage.extra.web_searches
    return {
        "input_tokens": max(usage.input - usage.cached_input - usage.cache_write, 0),
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cached_input,
        "output_tokens": usage.output,
        "output_tokens_details": {"thinking_tokens": usage.reasoning} if usage.reasoning else None,
        "server_tool_use": {"web_search_requests": searches, "web_fetch_requests": 0} if searches else None,
    }
