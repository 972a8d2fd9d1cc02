"""Turns the content blocks of a reply into parts.

A block that the core has no part for becomes an empty ``Text``. Its extensions hold the whole block:
``{"anthropic": {"block": …}}``.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw

from turnout.core import Extensions, Part, RedactedThinking, Text, Thinking, ToolCall
from turnout.core.framing import on_one_line
from turnout.errors import UpstreamBroken
from turnout.providers.tool_calls import arguments_text

from .anthropic_wire import NAMESPACE, Fields
from .web_search import citations_in, search_of

_STRING = msgspec.json.Decoder(str | None)
_ID = msgspec.json.Decoder(str | int | float | None)
_EMPTY = (Raw(b"null"), Raw(b"[]"))
_KINDS = frozenset({"text", "thinking", "redacted_thinking", "tool_use"})
_NULL = Raw(b"null")
_DIRECT = {"type": "direct"}
"""The usual caller of a tool, which says nothing: the model itself, not a program that it wrote
(https://platform.claude.com/docs/en/agents-and-tools/tool-use/programmatic-tool-calling).
"""


def part_of(block: Fields) -> Part:
    """The part of ``block``, whose fields it removes. Raises ``UpstreamBroken`` for fields that don't fit its type."""
    try:
        return _part_of(block)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UpstreamBroken(f"The provider sent a content block that can't be read: {error}.") from error


def foreign_block(part: Part) -> Raw | None:
    """The whole block that a part holds, if the core has no part for it."""
    return ((part.extensions or {}).get(NAMESPACE) or {}).get("block")


def _part_of(block: Fields) -> Part:
    kind = _STRING.decode(block.get("type", _NULL)) or ""
    if kind not in _KINDS:
        whole = block_extensions(block)
        return search_of(kind, block, whole) or Text("", whole)
    del block["type"]
    match kind:
        case "text":
            return Text(_pop_string(block, "text"), extensions(block), citations_in(block.get("citations")))
        case "thinking":
            signature = _pop_string(block, "signature")
            return Thinking(_pop_string(block, "thinking"), signature or None, extensions(block))
        case "redacted_thinking":
            return RedactedThinking(_pop_string(block, "data"), extensions(block))
    arguments = arguments_text(block.pop("input", _NULL))
    call_id = _ID.decode(block.pop("id", _NULL))  # it comes back in the next request, so a number becomes text
    name = _pop_string(block, "name")
    if msgspec.json.decode(block.get("caller", _NULL)) == _DIRECT:
        del block["caller"]
    return ToolCall("" if call_id is None else str(call_id), name, arguments, extensions(block))


def _pop_string(block: Fields, name: str) -> str:
    return _STRING.decode(block.pop(name, _NULL)) or ""


def extensions(fields: Fields) -> Extensions:
    """The fields of a block that the core doesn't have."""
    if not fields:
        return None
    own_fields = {name: Raw(on_one_line(bytes(value))) for name, value in fields.items() if value not in _EMPTY}
    return {NAMESPACE: own_fields} if own_fields else None


def block_extensions(block: Fields) -> Extensions:
    """The extensions that hold a whole block."""
    return {NAMESPACE: {"block": Raw(on_one_line(msgspec.json.encode(block)))}}
