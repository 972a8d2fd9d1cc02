"""Items with the calls of tools that are no functions, and with their results."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec
from msgspec import Raw

from turnout.core import Text, ToolCall, ToolResult
from turnout.dialects.openai import custom_tools
from turnout.dialects.parsing import decode, raw_or_none
from turnout.errors import InvalidRequest

from . import responses_bodies as wire
from .own_tools import BY_CALL
from .tool_set import function_name

CUSTOM_CALL: Final = "custom_tool_call"
CALLS: Final = frozenset({CUSTOM_CALL, *BY_CALL})
OUTPUTS: Final = frozenset(f"{call}_output" for call in BY_CALL)
"""Those of custom tools have the fields of functions' outputs, and those of a search have tools."""

_CUSTOM: Final = msgspec.json.Decoder(wire.CustomCall)
_CALL: Final = msgspec.json.Decoder(wire.OwnCall)
_OUTPUT: Final = msgspec.json.Decoder(wire.OwnOutput)
_FIELDS: Final = msgspec.json.Decoder(dict[str, Raw])
_ANY: Final[msgspec.json.Decoder[Any]] = msgspec.json.Decoder()


def call_of(kind: str, item: Raw, where: str) -> Iterator[ToolCall]:
    """One call, or none for what OpenAI ran. Raises ``InvalidRequest`` with the path of the wrong field."""
    if kind == CUSTOM_CALL:
        custom = decode(_CUSTOM, item, where)
        name = function_name(custom.name, custom.namespace)
        yield ToolCall(custom.call_id, name, custom_tools.arguments_of(custom.input))
        return
    call = decode(_CALL, item, where)
    if call.call_id is not None:
        tool, form = BY_CALL[kind]
        field = f"{where}.{form.field}"
        chosen = decode(_FIELDS, raw_or_none(getattr(call, form.field)) or Raw(b"{}"), field)
        constants = form.constants.items()
        said = {name: value for name, value in chosen.items() if (name, _ANY.decode(value)) not in constants}
        yield ToolCall(call.call_id, tool, msgspec.json.encode(said).decode())


def result_of(item: Raw, where: str) -> ToolResult:
    """A shell's output is a list of what each command wrote, which stays JSON.

    Raises ``InvalidRequest`` with the path of the wrong field.
    """
    output = decode(_OUTPUT, item, where)
    call_id = output.call_id or output.id
    if call_id is None:
        raise InvalidRequest(f"Missing '{where}.call_id'.", param=f"{where}.call_id")
    value = raw_or_none(output.output)
    said = None if value is None else decode(_ANY, value, f"{where}.output")
    text = said if isinstance(said, str) else bytes(value or b"").decode()
    return ToolResult(call_id, (Text(text or output.status or ""),), is_error=output.status == "failed")
