"""The functions that a model may call."""

from __future__ import annotations

from typing import Literal

import msgspec

from .messages import Extensions


class Tool(msgspec.Struct, frozen=True):
    """A function the model may call. ``parameters`` is its JSON Schema, as the raw JSON it came as."""

    name: str
    description: str | None = None
    parameters: msgspec.Raw | None = None
    strict: bool | None = None
    extensions: Extensions = None


class ToolChoice(msgspec.Struct, frozen=True):
    """``required`` means some tool; ``tool`` means the one of that ``name``."""

    mode: Literal["auto", "none", "required", "tool"]
    name: str | None = None
