"""Messages and their parts: the form of a conversation that all dialects and providers share.

A field that has no place here is kept in a part's ``extensions``: ``{namespace: {field: raw JSON}}``. The namespace is
the wire that the field came from (``"openai"``, ``"anthropic"``, ``"gemini"``, ``"ollama"``).
"""

from __future__ import annotations

from typing import Literal

import msgspec

Extensions = dict[str, dict[str, msgspec.Raw]] | None


def merged_extensions(first: Extensions, second: Extensions) -> Extensions:
    """Both, namespace by namespace. The second one's fields come before the first one's."""
    if not first or not second:
        return first or second
    return {name: first.get(name, {}) | second.get(name, {}) for name in first | second}


Role = Literal["system", "user", "assistant", "tool"]


class Citation(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page of the web that words of an answer are from. ``start`` and ``end`` are the place of these words in their
    text, in characters; without them the page is cited for the whole text. ``quote`` are words of the page.
    """

    url: str
    title: str | None = None
    start: int | None = None
    end: int | None = None
    quote: str | None = None


class Text(msgspec.Struct, frozen=True, tag="text", omit_defaults=True):
    text: str
    extensions: Extensions = None
    citations: tuple[Citation, ...] = ()


class Image(msgspec.Struct, frozen=True, tag="image"):
    """Either ``url`` (http or https) or ``data`` (base64, no line breaks) with its ``media_type``."""

    url: str | None = None
    data: str | None = None
    media_type: str | None = None
    detail: str | None = None  # OpenAI's auto | low | high
    extensions: Extensions = None


class Audio(msgspec.Struct, frozen=True, tag="audio"):
    """``data`` is base64; ``format`` is the container: wav, mp3, …"""

    data: str
    format: str
    extensions: Extensions = None


class File(msgspec.Struct, frozen=True, tag="file"):
    """A document: inline base64 ``data``, a ``url``, or the ``file_id`` of an upload at the provider."""

    data: str | None = None
    url: str | None = None
    file_id: str | None = None
    media_type: str | None = None
    name: str | None = None
    extensions: Extensions = None


class Thinking(msgspec.Struct, frozen=True, tag="thinking"):
    """A model's reasoning, with the provider's signature that lets it be sent back."""

    text: str
    signature: str | None = None
    extensions: Extensions = None


class RedactedThinking(msgspec.Struct, frozen=True, tag="redacted_thinking"):
    data: str
    extensions: Extensions = None


class ToolCall(msgspec.Struct, frozen=True, tag="tool_call"):
    """``arguments`` stays the client's JSON text: parsing and printing it loses bytes, order and big numbers."""

    id: str
    name: str
    arguments: str
    extensions: Extensions = None


class ToolResult(msgspec.Struct, frozen=True, tag="tool_result"):
    """``name`` is the tool's, where the dialect has it or the conversation has the call."""

    call_id: str
    parts: tuple[Text | Image | File, ...]
    is_error: bool = False
    name: str | None = None
    extensions: Extensions = None


class Refusal(msgspec.Struct, frozen=True, tag="refusal"):
    text: str
    extensions: Extensions = None


class Source(msgspec.Struct, frozen=True):
    """A page that a search has found."""

    url: str
    title: str | None = None


class Search(msgspec.Struct, frozen=True, tag="search"):
    """A search of the web that the provider ran, or what one has found: the two may be parts with the same ``id``.

    ``error`` is the provider's word for why a search failed.
    """

    id: str = ""
    queries: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    error: str | None = None
    extensions: Extensions = None


Part = Text | Image | Audio | File | Thinking | RedactedThinking | ToolCall | ToolResult | Refusal | Search


class Message(msgspec.Struct, frozen=True):
    """Tool results are parts of a message with role ``tool``; one message may answer several parallel calls."""

    role: Role
    parts: tuple[Part, ...]
    name: str | None = None
    extensions: Extensions = None
