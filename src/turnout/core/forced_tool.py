"""The one tool that a request leaves to call."""

from __future__ import annotations

from .request import ChatRequest
from .tools import Tool


def forced_tool(request: ChatRequest) -> Tool | None:
    """The only tool that the model may call, if it has to call one. The form of an answer says nothing of a call."""
    choice = request.tool_choice
    if choice is None or choice.mode not in ("required", "tool"):
        return None
    tools = [tool for tool in request.tools if choice.mode == "required" or tool.name == choice.name]
    return tools[0] if len(tools) == 1 else None
