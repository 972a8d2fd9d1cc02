"""Tools that Anthropic defines and the client runs. Claude knows their parameters; other models are told them.

Their calls are ``tool_use`` blocks as any other's. https://platform.claude.com/docs/en/agents-and-tools/tool-use/bash-tool,
…/text-editor-tool, …/memory-tool, …/computer-use-tool list the parameters, and Anthropic's SDK has those of the memory
tool (https://github.com/anthropics/anthropic-sdk-python/blob/main/src/anthropic/types/beta).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
from msgspec import Raw

from turnout.core import OwnTool, Tool, WebSearch

from .fields import OPTIONAL_STRING, STRING, Fields, take, take_if_there

NAMESPACE: Final = "anthropic"
_TYPE: Final = re.compile(r"(bash|text_editor|memory|computer)_(\d{8})")
_SIZE: Final = msgspec.json.Decoder(int | None)
_DOMAINS: Final = msgspec.json.Decoder(tuple[str, ...] | None)
_UNDO: Final = "20250124"
"""The last version of the editor that can undo, and that calls the text of an insertion ``new_str``."""
_ZOOM: Final = "20251124"
_MORE_ACTIONS: Final = "20250124"

_STRING: Final = {"type": "string"}
_INTEGER: Final = {"type": "integer"}
_POINT: Final = {"type": "array", "items": _INTEGER, "minItems": 2, "maxItems": 2}
_FILE: Final = {"path": _STRING, "file_text": _STRING, "old_str": _STRING, "new_str": _STRING, "insert_line": _INTEGER}
_RANGE: Final = {"view_range": _POINT}
_INSERTED: Final = {"insert_text": _STRING}


def client_tool(fields: Fields, kind: str, number: int) -> Tool | None:
    """None for a tool that Anthropic runs. ``fields`` are those of the tool without its type.

    Raises ``InvalidRequest`` for a tool without a name.
    """
    known = _TYPE.fullmatch(kind)
    if known is None:
        return None
    definition: Fields = {"type": Raw(msgspec.json.encode(kind)), **fields}
    where = f"tools.{number}"
    name = take(fields, "name", STRING, where)
    said = take_if_there(fields, "description", OPTIONAL_STRING, where)
    description, schema = _TOOLS[known[1]](known[2], fields, where)
    own = OwnTool(kind, name, f"tools[{number}]", definition={NAMESPACE: definition})
    extensions = {NAMESPACE: fields} if fields else None
    return Tool(name, said or description, Raw(msgspec.json.encode(schema)), extensions=extensions, own=own)


def search_of(fields: Fields, where: str) -> WebSearch:
    """What the client asks of Anthropic's own search. Removes the fields that it reads."""
    location = fields.pop("user_location", Raw(b"null"))
    return WebSearch(
        allowed_domains=take_if_there(fields, "allowed_domains", _DOMAINS, where) or (),
        blocked_domains=take_if_there(fields, "blocked_domains", _DOMAINS, where) or (),
        max_uses=take_if_there(fields, "max_uses", _SIZE, where),
        location=None if bytes(location) == b"null" else location,
    )


def _schema(required: Sequence[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


def _bash(version: str, fields: Fields, where: str) -> tuple[str, dict[str, Any]]:
    description = "Runs a command in a bash session, which goes on from call to call. 'restart' begins a new session."
    return description, _schema((), command=_STRING, restart={"type": "boolean"})


def _text_editor(version: str, fields: Fields, where: str) -> tuple[str, dict[str, Any]]:
    is_old = version <= _UNDO
    commands = ["view", "create", "str_replace", "insert", *(["undo_edit"] if is_old else [])]
    description = (
        "Views, creates and edits text files. 'view' shows a folder, or a file with the lines from the first to the "
        "second number of 'view_range', of which -1 is the last line. 'create' writes 'file_text'. 'str_replace' puts "
        "'new_str' in the place of 'old_str', which has to be in the file exactly once. 'insert' adds "
        f"'{'new_str' if is_old else 'insert_text'}' after line 'insert_line', of which 0 is the start of the file."
        f"{' undo_edit takes the last edit back.' if is_old else ''}"
    )
    properties = _FILE | _RANGE | ({} if is_old else _INSERTED)
    return description, _schema(("command", "path"), command={"type": "string", "enum": commands}, **properties)


def _memory(version: str, fields: Fields, where: str) -> tuple[str, dict[str, Any]]:
    description = (
        "Keeps notes in files below /memories, which outlast the conversation. 'view' shows a folder or a file, "
        "'create' writes 'file_text', 'str_replace' puts 'new_str' in the place of 'old_str', 'insert' adds "
        "'insert_text' after line 'insert_line', 'delete' removes 'path', 'rename' moves 'old_path' to 'new_path'."
    )
    commands = ["view", "create", "str_replace", "insert", "delete", "rename"]
    properties = _FILE | _RANGE | _INSERTED | {"old_path": _STRING, "new_path": _STRING}
    return description, _schema(("command",), command={"type": "string", "enum": commands}, **properties)


def _computer(version: str, fields: Fields, where: str) -> tuple[str, dict[str, Any]]:
    width = take_if_there(fields, "display_width_px", _SIZE, where)
    height = take_if_there(fields, "display_height_px", _SIZE, where)
    actions = ["screenshot", "left_click", "right_click", "middle_click", "double_click", "left_click_drag"]
    actions += ["mouse_move", "cursor_position", "key", "type"]
    properties: dict[str, Any] = {"coordinate": _POINT, "text": _STRING}
    if version >= _MORE_ACTIONS:
        actions += ["triple_click", "left_mouse_down", "left_mouse_up", "scroll", "hold_key", "wait"]
        properties |= {
            "start_coordinate": _POINT,
            "scroll_direction": {"type": "string", "enum": ["up", "down", "left", "right"]},
            "scroll_amount": _INTEGER,
            "duration": {"type": "number"},
        }
    if version >= _ZOOM:
        actions.append("zoom")
        properties["region"] = {"type": "array", "items": _INTEGER, "minItems": 4, "maxItems": 4}
    description = (
        f"Uses the screen, the mouse and the keyboard of a computer. The screen has {width} x {height} pixels; "
        "'coordinate' is [x, y] from its upper left corner. 'text' is what to type, or the keys to press (ctrl+s). "
        "'duration' is in seconds. 'screenshot' shows the screen: look at it before and after each step."
    )
    return description, _schema(("action",), action={"type": "string", "enum": actions}, **properties)


_TOOLS: Final[dict[str, Callable[[str, Fields, str], tuple[str, dict[str, Any]]]]] = {
    "bash": _bash,
    "text_editor": _text_editor,
    "memory": _memory,
    "computer": _computer,
}
