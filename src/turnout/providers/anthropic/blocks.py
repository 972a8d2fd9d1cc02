"""Content blocks of a reply → parts.

A block with no place in the core becomes a ``Text`` without text, whose extensions hold the whole block:
``{"anthropic": {"block": …}}``.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw

from turnout.core import Extensions, Part, RedactedThinking, Text, Thinking, ToolCall
from turnout.errors import UpstreamBroken

from .anthropic_wire import NAMESPACE, Fields

_STRING = msgspec.json.Decoder(str)
_EMPTY = (Raw(b"null"), Raw(b"[]"))
_KINDS = frozenset({"text", "thinking", "redacted_thinking", "tool_use"})
_NO_TYPE = Raw(b'""')
_NO_INPUT = Raw(b"{}")


def part_of(block: Fields) -> Part:
    """Takes ``block`` apart. Raises ``UpstreamBroken`` for one whose fields aren't what its type says."""
    try:
        return _part_of(block)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UpstreamBroken(f"The provider sent a content block that can't be read: {error}.") from error


def foreign_block(part: Part) -> Raw | None:
    """The whole block that a part stands for, if the core knows nothing of it."""
    return ((part.extensions or {}).get(NAMESPACE) or {}).get("block")


def _part_of(block: Fields) -> Part:
    kind = _STRING.decode(block.get("type", _NO_TYPE))
    if kind not in _KINDS:
        return Text("", whole(block))
    del block["type"]
    match kind:
        case "text":
            return Text(_taken(block, "text"), extensions(block))
        case "thinking":
            signature = _taken(block, "signature")
            return Thinking(_taken(block, "thinking"), signature or None, extensions(block))
        case "redacted_thinking":
            return RedactedThinking(_taken(block, "data"), extensions(block))
    arguments = bytes(block.pop("input", _NO_INPUT)).decode()
    return ToolCall(_taken(block, "id"), _taken(block, "name"), arguments, extensions(block))


def _taken(block: Fields, name: str) -> str:
    raw = block.pop(name, None)
    return "" if raw is None else _STRING.decode(raw)


def extensions(fields: Fields) -> Extensions:
    """What a block says beyond the core."""
    said = {name: value for name, value in fields.items() if value not in _EMPTY} if fields else None
    return {NAMESPACE: said} if said else None


def whole(block: Fields) -> Extensions:
    """A block of which the core knows nothing."""
    return {NAMESPACE: {"block": Raw(msgspec.json.encode(block))}}
