"""Whether a value of a reply says something. What only opens an answer is held back, so that another provider can still
answer in its place.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Raw

_EMPTY: Final = frozenset({b"", b"null", b'""', b"[]", b"{}"})
_LABELS: Final = frozenset({"format", "id", "index", "role", "status", "type"})
"""Members that name what is about to come."""

_DEEPEST: Final = 8  # what lies deeper counts as something


def says_something(value: Raw) -> bool:
    """Whether ``value`` is more than empty texts and labels."""
    data = bytes(value)
    if data in _EMPTY:
        return False
    if data[:1] not in (b"[", b"{"):
        return True
    try:
        return _has_text(msgspec.json.decode(data), _DEEPEST)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return True


def _has_text(value: Any, depth: int) -> bool:
    if depth == 0:
        return True
    if isinstance(value, list):
        return any(_has_text(item, depth - 1) for item in value)
    if isinstance(value, dict):
        return any(_has_text(item, depth - 1) for name, item in value.items() if name not in _LABELS)
    return isinstance(value, str) and value != ""
