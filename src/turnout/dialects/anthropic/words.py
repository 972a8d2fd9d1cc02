"""What other providers are told of a block that only Anthropic has: what a tool was asked there, and what it gave."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec
from msgspec import Raw

from .fields import Fields

_CALLS: Final = frozenset({"server_tool_use", "mcp_tool_use"})
_SEARCH_RESULT: Final = "search_result"
"""Of the client's own search: https://platform.claude.com/docs/en/build-with-claude/search-results"""

_SAID: Final = ("title", "url", "source", "text", "stdout", "stderr", "error_code")
"""The fields that say something. The others are ids, types, media, and what only Anthropic can read."""
_DEEPEST: Final = 8
_ANY: Final[msgspec.json.Decoder[Any]] = msgspec.json.Decoder()


def words_of(kind: str, block: Fields) -> str:
    """Empty for a block that says nothing without Anthropic."""
    if kind in _CALLS:
        name = _ANY.decode(block.get("name", Raw(b'""')))
        return f"Called the tool {name} with {bytes(block.get('input', Raw(b'{}'))).decode()}."
    if kind != _SEARCH_RESULT and not kind.endswith("_tool_result"):
        return ""
    lines = "\n".join(_lines({name: _ANY.decode(value) for name, value in block.items()}, 0))
    return lines if kind == _SEARCH_RESULT or not lines else f"The tool gave:\n{lines}"


def _lines(value: object, depth: int) -> Iterator[str]:
    if isinstance(value, list) and depth < _DEEPEST:
        for item in value:
            yield from _lines(item, depth + 1)
    elif isinstance(value, dict) and depth < _DEEPEST:
        yield from [value[name] for name in _SAID if isinstance(value.get(name), str) and value[name]]
        for inner in value.values():
            yield from _lines(inner, depth + 1)
