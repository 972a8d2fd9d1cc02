"""``tools`` and ``toolConfig`` → the functions that a model may call.

Tools that run at Google are kept under names such as ``tools.googleSearch``, and other settings under names such as
``toolConfig.retrievalConfig``.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec
from msgspec import Raw

from turnout.core import HostedTool, Tool, ToolChoice, WebSearch
from turnout.dialects.parsing import decode

from . import gemini_bodies as wire
from .fields import RAW, STRING, Fields, camel, object_of, take, take_if_there, typed
from .schema import json_schema
from .signature import NAMESPACE

_TOOLS: msgspec.json.Decoder[list[Fields] | Fields] = msgspec.json.Decoder(list[Fields] | Fields)
_CALLING = msgspec.json.Decoder(wire.FunctionCallingConfig)
_TEXT = msgspec.json.Decoder(str | None)
_SEARCH = "googleSearch"


class _SearchOptions(msgspec.Struct, rename="camel"):
    exclude_domains: tuple[str, ...] = ()


_OPTIONS = msgspec.json.Decoder(_SearchOptions)
_MODES: dict[str, Any] = {"AUTO": "auto", "VALIDATED": "auto", "NONE": "none", "ANY": "required"}


def read_tools(tools: Raw | None, extensions: Fields) -> tuple[tuple[Tool, ...], tuple[HostedTool, ...]]:
    """The functions and the searches of the web. Adds all other tools to ``extensions``."""
    functions: list[Tool] = []
    searches: list[HostedTool] = []
    for number, tool in enumerate(_objects(tools, "tools")):
        fields = camel(tool)
        where = f"tools[{number}].functionDeclarations"
        for index, declaration in enumerate(_objects(fields.pop("functionDeclarations", None), where)):
            functions.append(_tool(camel(declaration), f"{where}[{index}]"))
        search = fields.pop(_SEARCH, None)
        if search is not None:
            searches.append(_search(search, f"tools[{number}].{_SEARCH}"))
        extensions |= {f"tools.{name}": raw for name, raw in fields.items()}
    return tuple(functions), tuple(searches)


def _search(value: Raw, where: str) -> HostedTool:
    """https://ai.google.dev/api/caching#GoogleSearch"""
    blocked = decode(_OPTIONS, value, where).exclude_domains
    definition = Raw(msgspec.json.encode({_SEARCH: value}))
    return HostedTool(f"tools.{_SEARCH}", {NAMESPACE: {"tool": definition}}, search=WebSearch(blocked_domains=blocked))


def _objects(data: Raw | None, where: str) -> list[Fields]:
    if data is None:
        return []
    objects = decode(_TOOLS, data, where)
    return objects if isinstance(objects, list) else [objects]


def _tool(declaration: Fields, where: str) -> Tool:
    name = take(declaration, "name", STRING, where)
    description = take_if_there(declaration, "description", _TEXT, where)
    schema = take_if_there(declaration, "parameters", RAW, where)
    parameters = take_if_there(declaration, "parametersJsonSchema", RAW, where)
    if parameters is None and schema is not None:
        parameters = json_schema(schema, f"{where}.parameters")
    return Tool(name, description, parameters, extensions={NAMESPACE: declaration} if declaration else None)


def read_choice(
    config: Raw | None, tools: tuple[Tool, ...], extensions: Fields
) -> tuple[tuple[Tool, ...], ToolChoice | None]:
    """The tools that the model may call, and whether it must call one.

    The core has no list of allowed tools. Leaving the other tools out has the same effect.
    """
    if config is None:
        return tools, None
    fields = object_of(config, "toolConfig")
    calling_config = fields.pop("functionCallingConfig", None)
    extensions |= {f"toolConfig.{name}": raw for name, raw in fields.items()}
    if calling_config is None:
        return tools, None
    calling, _ = typed(_CALLING, calling_config, "toolConfig.functionCallingConfig")
    mode, allowed = _MODES.get(calling.mode), calling.allowed_function_names
    if mode == "required" and allowed and len(allowed) == 1:
        return tools, ToolChoice("tool", allowed[0])
    choice = ToolChoice(mode) if mode and (tools or mode == "required") else None
    return _allowed(tools, allowed), choice


def _allowed(tools: tuple[Tool, ...], names: Collection[str] | None) -> tuple[Tool, ...]:
    return tuple([tool for tool in tools if tool.name in names]) if names else tools
