"""The fields of request bodies that this dialect reads. The parser keeps all other fields as raw JSON."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

from .fields import Fields

Name = Annotated[str, Meta(min_length=1)]
Fraction = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]

Content = str | list[Fields]
"""Blocks are read field by field, so that unknown fields stay with their block."""


class WireMessage(msgspec.Struct):
    """A system message inside the conversation may have no content. Only it has the last two fields."""

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
    """The source of an image or a document. ``type`` decides which fields are set."""

    type: str
    media_type: str = ""
    data: str = ""
    url: str = ""
    file_id: str = ""


class Body(msgspec.Struct):
    """Bounds are Anthropic's own. ``max_tokens`` may be 0, which fills the prompt cache."""

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
