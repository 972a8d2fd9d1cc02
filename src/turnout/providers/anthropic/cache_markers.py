"""Anthropic takes four markers of its prompt cache in a request
(https://platform.claude.com/docs/en/build-with-claude/prompt-caching).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from turnout.core import Change

_MOST: Final = 4
_MARKER: Final = "cache_control"


def remove_surplus_markers(body: dict[str, Any]) -> list[Change]:
    """Keeps the first marker, and the last ones: they mark the longest prefixes, which the next request reads."""
    marked = [*_marked(body)]
    surplus = marked[1 : len(marked) - (_MOST - 1)] if len(marked) > _MOST else []
    for block, _ in surplus:
        del block[_MARKER]
    return [Change(f"{path}.{_MARKER}") for _, path in surplus]


def _marked(body: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """The blocks with a marker, with their paths, in the order of the prompt."""
    yield from _in_list(body.get("tools"), "tools")
    yield from _in_list(body.get("system"), "system")
    for number, message in enumerate(body["messages"]):
        yield from _in_list(message["content"], f"messages[{number}].content")


def _in_list(blocks: object, where: str) -> Iterator[tuple[dict[str, Any], str]]:
    if not isinstance(blocks, list):
        return
    for number, block in enumerate(blocks):
        if isinstance(block, dict):
            yield from _in_list(block.get("content"), f"{where}[{number}].content")
            if _MARKER in block:
                yield block, f"{where}[{number}]"
