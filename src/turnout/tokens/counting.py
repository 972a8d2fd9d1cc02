"""Counts the tokens that a text or a request has for an upstream model."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping
from math import ceil
from typing import Final

from msgspec import Raw

from turnout.core import (
    Audio,
    ChatRequest,
    Deployment,
    File,
    Image,
    Message,
    Part,
    RedactedThinking,
    Refusal,
    Search,
    Text,
    Thinking,
    TokenCount,
    ToolCall,
    ToolResult,
    forces_a_tool,
    readable,
)

from .families import Family, family_of
from .pictures import image_tokens
from .tools import tool_tokens

_AUDIO_BYTES_A_TOKEN: Final = {"wav": 3200, "pcm16": 3200}
"""A token is a tenth of a second of 16-bit speech, as at OpenAI (https://platform.openai.com/docs/guides/audio)."""
_COMPRESSED_BYTES_A_TOKEN: Final = 1600
_BYTES_A_PAGE: Final = 40_000
"""For a document whose pages can't be counted."""


def count_text(text: str, model: str, tokenizer: str | None = None) -> TokenCount:
    """Counts a text alone, without the tokens around it in a request.

    ``tokenizer`` names a family; without it the family is found by ``model``.
    """
    family = family_of(model, tokenizer)
    return TokenCount(tokens=round(family.text(text)), source="estimated" if family.exact == "nothing" else "exact")


def count(request: ChatRequest, deployment: Deployment) -> TokenCount:
    """Counts the input tokens of ``request``. Takes 30 ms for 1M characters: run it in a thread if it may be long.

    Exact only for plain texts: providers don't publish how they show tools, images and documents to a model.
    """
    request = readable(request)
    family = family_of(deployment.model, deployment.traits.tokenizer)
    tokens = family.request + sum(_message(message, family, deployment.model) for message in request.messages)
    if request.tools and not _forbids_tools(request):
        tokens += tool_tokens(request.tools, family) + (family.forced if forces_a_tool(request) else 0)
    if request.output.schema is not None:
        tokens += family.schema + family.text(bytes(request.output.schema).decode(errors="replace"))
    if request.reasoning is not None and request.reasoning.enabled and request.reasoning.budget:
        tokens += family.thinking
    exact = family.exact == "requests" and _is_plain(request)
    return TokenCount(tokens=round(tokens), source="exact" if exact else "estimated")


def _forbids_tools(request: ChatRequest) -> bool:
    return request.tool_choice is not None and request.tool_choice.mode == "none"


def _is_plain(request: ChatRequest) -> bool:
    return (
        not request.tools
        and request.output.schema is None
        and all(type(part) is Text and not part.extensions for message in request.messages for part in message.parts)
    )


def _message(message: Message, family: Family, model: str) -> float:
    tokens = float(family.message)
    if message.role == "system":
        tokens += family.system
    if message.name:
        tokens += family.name + family.text(message.name)
    return tokens + sum(_part(part, family, model) for part in message.parts)


def _part(part: Part, family: Family, model: str) -> float:
    match part:
        case Text(text=text) | Thinking(text=text) | Refusal(text=text):
            return family.text(text) + _block(part, family)
        case Image():
            return image_tokens(part, model)
        case ToolCall(name=name, arguments=arguments):
            return family.call + family.text(name) + family.text(arguments)
        case ToolResult(parts=parts):
            return family.result + sum(_part(inner, family, model) for inner in parts)
        case Audio(data=data, format=audio_format):
            return len(data) * 3 // 4 / _AUDIO_BYTES_A_TOKEN.get(audio_format, _COMPRESSED_BYTES_A_TOKEN)
        case File():
            return _document(part, family)
        case RedactedThinking(data=data):
            return len(data) / 4
        case Search(sources=sources):
            known = [*part.queries, *[f"{source.title}: {source.url}" for source in sources]]
            return family.text("\n".join(known)) if part.extensions is None else _blocks(part.extensions, family)
    return 0


def _block(part: Text | Thinking | Refusal, family: Family) -> float:
    """The tokens of a block that only its own wire knows. An empty text holds it; it counts as JSON."""
    if part.extensions is None or part.text or not isinstance(part, Text):
        return 0
    return _blocks(part.extensions, family)


def _blocks(extensions: Mapping[str, Mapping[str, Raw]], family: Family) -> float:
    blocks = (fields["block"] for fields in extensions.values() if "block" in fields)
    return sum(family.text(bytes(block).decode(errors="replace")) for block in blocks)


def _document(file: File, family: Family) -> float:
    """The tokens of a text file, or of a document by its pages."""
    try:
        data = b64decode(file.data or "")
    except NotBase64:
        return family.page
    if (file.media_type or "").startswith(("text/", "application/json")):
        return family.text(data.decode(errors="replace"))
    pages = data.count(b"/Type /Page") - data.count(b"/Type /Pages") if data.startswith(b"%PDF") else 0
    return family.page * max(1, pages or ceil(len(data) / _BYTES_A_PAGE))
