"""The request's form on the wire, as far as it is read. What isn't is kept as raw JSON by the parser."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

from .reading import Fields

Name = Annotated[str, Meta(min_length=1)]
Fraction = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]

Content = str | list[Fields]
"""Blocks are read field by field, so that the fields nobody knows yet stay with their block."""


class WireMessage(msgspec.Struct):
    """System messages within the conversation may do without content, and have the last two fields."""

    role: Literal["user", "assistant", "system"]
    content: Content | UnsetType = UNSET
    clear_at: Raw | UnsetType = UNSET
    output_config: Raw | UnsetType = UNSET


class ToolChoice(msgspec.Struct):
    type: str
    name: Name | None = None
    disable_parallel_tool_use: bool | None = None


class Thinking(msgspec.Struct):
    type: str
    budget_tokens: Count | None = None


class Source(msgspec.Struct):
    """Where an image or a document is: the fields that are there depend on ``type``."""

    type: str
    media_type: str = ""
    data: str = ""
    url: str = ""
    file_id: str = ""


class Body(msgspec.Struct):
    """Bounds are Anthropic's own. ``max_tokens`` may be 0, which warms the prompt cache."""

    model: Name
    max_tokens: Count
    messages: Annotated[list[WireMessage], Meta(min_length=1)]
    system: Content | None = None
    tools: list[Fields] | None = None
    tool_choice: ToolChoice | None = None
    stop_sequences: list[str] | None = None
    temperature: Fraction | None = None
    top_p: Fraction | None = None
    top_k: Count | None = None
    thinking: Thinking | None = None
    output_config: Fields | None = None
    metadata: Fields | None = None
    stream: bool | None = None


KNOWN = frozenset(Body.__struct_fields__)
