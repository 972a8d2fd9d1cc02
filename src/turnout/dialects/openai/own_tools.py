"""What the client calls its tools, for a reply that has calls of them."""

from __future__ import annotations

from turnout.core import ChatRequest, OwnTool, whole


def own_tools_of(request: ChatRequest) -> dict[str, OwnTool]:
    """By the names of their functions. A request whose reply is translated can be read whole: it was translated."""
    return {tool.name: tool.own for tool in whole(request).tools if tool.own}
