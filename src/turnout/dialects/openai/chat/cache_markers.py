"""Anthropic's ``cache_control``, which clients of gateways send on this wire.

It stands on a part or a tool; on a whole message, as LiteLLM's clients have it, and then means the message's last part
(https://docs.litellm.ai/docs/tutorials/prompt_caching); or on the request, and then Anthropic finds the place
(https://openrouter.ai/docs/guides/best-practices/prompt-caching).
"""

from __future__ import annotations

from msgspec import Raw, structs

from turnout.core import Extensions, File, Image, Message, Part, Text, ToolCall, ToolResult, merged_extensions

MARKER = "cache_control"
_MARKED = (Text, Image, File, ToolCall, ToolResult)
"""Anthropic takes no marker on thoughts."""


def cache_marker(marker: Raw) -> Extensions:
    return {"anthropic": {MARKER: marker}} if marker and bytes(marker) != b"null" else None


def with_marker(message: Message, marker: Raw) -> Message:
    """``message`` with the marker of its last part. A marker that the part itself has stays."""
    place = max([at for at, part in enumerate(message.parts) if isinstance(part, _MARKED)], default=-1)
    if place < 0:
        return message
    return structs.replace(
        message,
        parts=tuple([_marked(part, marker) if at == place else part for at, part in enumerate(message.parts)]),
    )


def _marked(part: Part, marker: Raw) -> Part:
    return structs.replace(part, extensions=merged_extensions(cache_marker(marker), part.extensions))
