"""What tools cost: nobody is told how providers write them down for their models."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from turnout.core import Tool

from .encodings import encoded
from .families import Family

_OBJECT: Final = msgspec.json.Decoder(dict[str, Any])
_FUNCTION, _FUNCTION_CL100K, _PROPERTIES, _PROPERTY, _ENUM, _ITEM, _END = 7, 10, 3, 3, -3, 3, 12
"""https://github.com/openai/openai-cookbook/blob/main/examples/How_to_count_tokens_with_tiktoken.ipynb"""


def tool_tokens(tools: tuple[Tool, ...], family: Family) -> float:
    """All of a request's tools; at least one."""
    if family.exact != "nothing":
        return sum(_function(tool, family) for tool in tools) + _END
    return family.tools + sum(family.text(_json(tool)) + family.tool for tool in tools)


def _json(tool: Tool) -> str:
    return _text({"name": tool.name, "description": tool.description or "", "parameters": _schema(tool)})


def _text(value: dict[str, Any]) -> str:
    return msgspec.json.encode(value).decode()


def _schema(tool: Tool) -> dict[str, Any]:
    """Empty for what isn't an object: the provider will say so."""
    try:
        return _OBJECT.decode(tool.parameters) if tool.parameters is not None else {}
    except msgspec.DecodeError:
        return {}


def _function(tool: Tool, family: Family) -> int:
    """By OpenAI's own rule of thumb, which knows the first level of a schema; deeper levels count as their JSON."""
    first = _FUNCTION if family.encoding == "o200k_base" else _FUNCTION_CL100K
    tokens = first + encoded(f"{tool.name}:{(tool.description or '').rstrip('.')}", family.encoding)
    properties = _schema(tool).get("properties")
    if not isinstance(properties, dict) or not properties:
        return tokens
    return tokens + _PROPERTIES + sum(_property(name, said, family) for name, said in properties.items())


def _property(name: str, said: Any, family: Family) -> int:
    if not isinstance(said, dict):
        return _PROPERTY + encoded(name, family.encoding)
    tokens = _PROPERTY
    if isinstance(said.get("enum"), list):
        tokens += _ENUM + sum(_ITEM + encoded(str(item), family.encoding) for item in said["enum"])
    deeper = {word: said[word] for word in ("properties", "items", "anyOf", "oneOf", "allOf") if word in said}
    if deeper:
        tokens += encoded(_text(deeper), family.encoding)
    told = str(said.get("description", "")).rstrip(".")
    return tokens + encoded(f"{name}:{said.get('type', '')}:{told}", family.encoding)
