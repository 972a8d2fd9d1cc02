"""The tools of a request.

A strict tool's arguments are held to its schema, from Claude 4.5 on, if the schema is one that structured output takes
(https://platform.claude.com/docs/en/agents-and-tools/tool-use/strict-tool-use). Other schemas only show the model what
to write, so ``strict`` is left out then.
"""

from __future__ import annotations

from typing import Any, Final

from turnout.core import Change, ChatRequest, Deployment, HostedTool, Tool, WebSearch
from turnout.core.json_schemas import is_within_closed_objects

from .anthropic_wire import NAMESPACE
from .schemas import schema_of

_NO_ARGUMENTS: Final = {"type": "object"}
_SEARCH: Final = "web_search_20250305"
"""The first version: every model that searches has it."""


def tools_of(request: ChatRequest, deployment: Deployment) -> tuple[list[Any], list[Change]]:
    """The tools for the body, and what isn't said of them."""
    changes: list[Change] = []
    functions = [_tool(tool, f"tools[{number}]", deployment, changes) for number, tool in enumerate(request.tools)]
    return [*functions, *map(_hosted, request.hosted)], changes


def _hosted(tool: HostedTool) -> Any:
    """https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool"""
    if NAMESPACE in tool.definition:
        return tool.definition[NAMESPACE]["tool"]
    search = tool.search or WebSearch()
    fields = {
        "allowed_domains": search.allowed_domains or None,
        "blocked_domains": search.blocked_domains or None,
        "max_uses": search.max_uses,
        "user_location": search.location,
    }
    set_fields = {name: value for name, value in fields.items() if value is not None}
    return {"type": _SEARCH, "name": "web_search", **set_fields}


def _tool(tool: Tool, where: str, deployment: Deployment, changes: list[Change]) -> dict[str, Any]:
    """A tool that Anthropic defines is said as the client said it."""
    own = (tool.own.definition or {}).get(NAMESPACE) if tool.own else None
    if own is not None:
        return dict(own)
    schema, strict = tool.parameters, tool.strict
    if strict and schema is not None:
        if deployment.traits.schemas != "never" and is_within_closed_objects(bytes(schema)):
            schema = schema_of(schema)
        else:
            strict = None
            changes.append(Change(f"{where}.strict"))
    fields = {
        "name": tool.name,
        "description": tool.description,
        "input_schema": _NO_ARGUMENTS if schema is None else schema,
        "strict": strict,
    }
    set_fields = {name: value for name, value in fields.items() if value is not None}
    return set_fields | ((tool.extensions or {}).get(NAMESPACE) or {})
