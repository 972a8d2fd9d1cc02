"""The error for bytes that aren't of a wire."""

from __future__ import annotations

from turnout.core.words import excerpt
from turnout.errors import UpstreamBroken


def unreadable(message: str, data: bytes, error: Exception | str | None = None) -> UpstreamBroken:
    """``message`` says what is wrong, ``error`` where. Only the log gets the bytes, as they may hold anything."""
    text = f"{message.removesuffix('.')} ({error})." if error is not None else message
    return UpstreamBroken(text, excerpt=excerpt(data))
