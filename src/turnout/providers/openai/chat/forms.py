"""The forms of an answer: calls of tools, and JSON.

A strict schema has to name and require every field (https://platform.openai.com/docs/guides/structured-outputs). For
another one ``strict`` is left out: then the schema shows the model what to write.
"""

from __future__ import annotations

from typing import Any

from msgspec import Raw

from turnout.core import Change, ChatRequest, Tool
from turnout.core.json_schemas import names_all_fields

Fields = dict[str, Any]
_NAMESPACE = "openai"


def forms_of(request: ChatRequest) -> tuple[Fields, list[Change]]:
    """Fields of the body, and what isn't said in them."""
    changes: list[Change] = []
    return _tools(request, changes) | _output(request, changes), changes


def _tools(request: ChatRequest, changes: list[Change]) -> Fields:
    hosted = [tool.definition[_NAMESPACE]["tool"] for tool in request.hosted if _NAMESPACE in tool.definition]
    if not request.tools and not hosted:
        return {}
    functions = [_tool(tool, number, changes) for number, tool in enumerate(request.tools)]
    fields: Fields = {"tools": [*functions, *hosted]}
    if request.tool_choice:
        choice = request.tool_choice
        named = {"type": "function", "function": {"name": choice.name}}
        fields["tool_choice"] = named if choice.mode == "tool" else choice.mode
    if request.parallel_tool_calls is not None:
        fields["parallel_tool_calls"] = request.parallel_tool_calls
    return fields


def _tool(tool: Tool, number: int, changes: list[Change]) -> Fields:
    function = {
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
        "strict": _strict(tool.strict, tool.parameters, f"tools[{number}].strict", changes),
    }
    return {"type": "function", "function": {name: value for name, value in function.items() if value is not None}}


def _output(request: ChatRequest, changes: list[Change]) -> Fields:
    output = request.output
    if output.kind == "text":
        return {}
    if output.kind == "json":
        return {"response_format": {"type": "json_object"}}
    spec = {
        "name": output.name or "answer",
        "description": output.description,
        "schema": output.schema,
        "strict": _strict(output.strict, output.schema, "response_format.strict", changes),
    }
    spec = {name: value for name, value in spec.items() if value is not None}
    return {"response_format": {"type": "json_schema", "json_schema": spec}}


def _strict(strict: bool | None, schema: Raw | None, where: str, changes: list[Change]) -> bool | None:
    if not strict or schema is None or names_all_fields(bytes(schema)):
        return strict
    changes.append(Change(where))
    return None
