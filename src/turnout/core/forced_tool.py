"""Tools that have to be called."""

from __future__ import annotations

from .request import ChatRequest
from .tools import Tool


def forces_a_tool(request: ChatRequest) -> bool:
    return request.tool_choice is not None and request.tool_choice.mode in ("required", "tool")


def forced_tool(request: ChatRequest) -> Tool | None:
    """The only tool that the model may call, if it has to call one. The form of an answer says nothing of a call."""
    choice = request.tool_choice
    if choice is None or not forces_a_tool(request):
        return None
    tools = [tool for tool in request.tools if choice.mode == "required" or tool.name == choice.name]
    return tools[0] if len(tools) == 1 else None
