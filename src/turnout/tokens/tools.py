"""Estimates the tokens of tools: providers don't publish how they show them to a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from turnout.core import Tool

from .encodings import encoded_length
from .families import Family

_OBJECT: Final = msgspec.json.Decoder(dict[str, Any])
_FUNCTION, _FUNCTION_CL100K, _PROPERTIES, _PROPERTY, _ENUM, _ITEM, _END = 7, 10, 3, 3, -3, 3, 12
"""https://github.com/openai/openai-cookbook/blob/main/examples/How_to_count_tokens_with_tiktoken.ipynb"""


def tool_tokens(tools: Sequence[Tool], family: Family) -> float:
    """The tokens of all tools of a request, which has at least one."""
    if family.exact != "nothing":
        return sum(_function(tool, family) for tool in tools) + _END
    return family.tools + sum(family.text(_tool_json(tool)) + family.tool for tool in tools)


def _tool_json(tool: Tool) -> str:
    return _json({"name": tool.name, "description": tool.description or "", "parameters": _schema(tool)})


def _json(value: dict[str, Any]) -> str:
    return msgspec.json.encode(value).decode()


def _schema(tool: Tool) -> dict[str, Any]:
    """The tool's schema; empty for one that isn't an object, which the provider will refuse."""
    try:
        return _OBJECT.decode(tool.parameters) if tool.parameters is not None else {}
    except msgspec.DecodeError:
        return {}


def _function(tool: Tool, family: Family) -> int:
    """OpenAI's own estimate, which covers the first level of a schema; deeper levels count as JSON."""
    first = _FUNCTION if family.encoding == "o200k_base" else _FUNCTION_CL100K
    tokens = first + encoded_length(f"{tool.name}:{(tool.description or '').rstrip('.')}", family.encoding)
    properties = _schema(tool).get("properties")
    if not isinstance(properties, dict) or not properties:
        return tokens
    return tokens + _PROPERTIES + sum(_property(name, schema, family) for name, schema in properties.items())


def _property(name: str, schema: Any, family: Family) -> int:
    if not isinstance(schema, dict):
        return _PROPERTY + encoded_length(name, family.encoding)
    tokens = _PROPERTY
    if isinstance(schema.get("enum"), list):
        tokens += _ENUM + sum(_ITEM + encoded_length(str(item), family.encoding) for item in schema["enum"])
    deeper = {key: schema[key] for key in ("properties", "items", "anyOf", "oneOf", "allOf") if key in schema}
    if deeper:
        tokens += encoded_length(_json(deeper), family.encoding)
    description = str(schema.get("description", "")).rstrip(".")
    return tokens + encoded_length(f"{name}:{schema.get('type', '')}:{description}", family.encoding)
