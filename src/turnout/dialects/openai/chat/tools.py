"""The tools of a request, as functions: custom tools and the deprecated ``functions`` are functions on other wires.

https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec
from msgspec import Raw

from turnout.core import OLD_FUNCTION, HostedTool, OwnTool, Tool, ToolChoice
from turnout.dialects.openai import custom_tools
from turnout.dialects.openai.extensions import NAMESPACE
from turnout.dialects.parsing import raw_or_none
from turnout.errors import InvalidRequest

from . import chat_bodies as wire
from .cache_markers import cache_marker

CUSTOM: Final = "custom"
_TOOLS: Final = msgspec.json.Decoder(list[Raw])
_MODES: Final = {
    "auto": ToolChoice("auto"),
    "none": ToolChoice("none"),
    "required": ToolChoice("required"),
    "any": ToolChoice("required"),
}
"""The last one is Mistral's word: https://docs.mistral.ai/capabilities/function_calling"""


class Tools(msgspec.Struct, frozen=True):
    """What a request says of its tools. ``hosted`` are those that a vendor runs.

    ``is_foreign``: no other wire has such a choice.
    """

    functions: tuple[Tool, ...] = ()
    hosted: tuple[HostedTool, ...] = ()
    choice: ToolChoice | None = None
    is_foreign: bool = False


_NO_TOOLS: Final = Tools()


def tools_of(typed: wire.Body, fields: Mapping[str, Raw]) -> Tools:
    """Raises ``InvalidRequest`` for a tool or a choice without its name."""
    if not (typed.tools or typed.functions or typed.tool_choice or typed.function_call):
        return _NO_TOOLS
    functions = tuple(_functions(typed))
    is_known = len(functions) == len(typed.tools or ()) + len(typed.functions or ())
    hosted = () if is_known else tuple(_hosted(typed, fields))
    choice = typed.tool_choice
    if choice is None:
        return Tools(functions, hosted, _legacy_choice(typed.function_call))
    if isinstance(choice, str):
        return Tools(functions, hosted, _MODES[choice])
    if choice.type == "allowed_tools" and choice.allowed_tools is not None:
        allowed = {named.name for named in map(_named, choice.allowed_tools.tools) if named}
        mode = ToolChoice("required" if choice.allowed_tools.mode == "required" else "auto")
        return Tools(tuple([tool for tool in functions if tool.name in allowed]), (), mode)
    if choice.type not in ("function", CUSTOM):
        return Tools(functions, hosted, is_foreign=True)
    named = _named(choice)
    if named is None:
        field = f"tool_choice.{choice.type}"
        raise InvalidRequest(f"Missing '{field}'.", param=field)
    return Tools(functions, hosted, ToolChoice("tool", named.name))


def _functions(typed: wire.Body) -> Iterator[Tool]:
    for number, tool in enumerate(typed.tools or ()):
        if _is_function(tool):
            yield _function(tool, number)
        elif tool.type == CUSTOM:
            yield _custom(tool, f"tools[{number}]")
    for number, spec in enumerate(typed.functions or ()):
        own = OwnTool(OLD_FUNCTION, spec.name, f"functions[{number}]")
        yield Tool(spec.name, spec.description, raw_or_none(spec.parameters), spec.strict, own=own)


def _is_function(tool: wire.Tool) -> bool:
    """Mistral lets a function go without its type."""
    return tool.type == "function" or (tool.type is None and tool.function is not None)


def _function(tool: wire.Tool, number: int) -> Tool:
    spec = tool.function
    if spec is None:
        field = f"tools[{number}].function"
        raise InvalidRequest(f"Missing '{field}'.", param=field)
    return Tool(
        spec.name,
        spec.description,
        raw_or_none(spec.parameters),
        spec.strict,
        cache_marker(tool.cache_control or spec.cache_control),
    )


def _custom(tool: wire.Tool, where: str) -> Tool:
    spec = tool.custom
    if spec is None:
        raise InvalidRequest(f"Missing '{where}.custom'.", param=f"{where}.custom")
    description = custom_tools.described(spec.description, spec.format.grammar if spec.format else None)
    return Tool(spec.name, description, custom_tools.PARAMETERS, own=OwnTool(CUSTOM, spec.name, where))


def _hosted(typed: wire.Body, fields: Mapping[str, Raw]) -> Iterator[HostedTool]:
    tools = typed.tools or ()
    for number, (tool, raw) in enumerate(zip(tools, _TOOLS.decode(fields["tools"]), strict=True)):
        if not _is_function(tool) and tool.type != CUSTOM:
            yield HostedTool(f"tools[{number}]", {NAMESPACE: {"tool": raw}})


def _named(choice: wire.Choice) -> wire.Named | None:
    return choice.custom if choice.type == CUSTOM else choice.function


def _legacy_choice(choice: object) -> ToolChoice | None:
    match choice:
        case "auto" | "none":
            return ToolChoice(choice)
        case wire.Named(name=name):
            return ToolChoice("tool", name)
    return None
