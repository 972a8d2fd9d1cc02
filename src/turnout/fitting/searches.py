"""Tools that a provider runs. Only a web search is on several wires."""

from __future__ import annotations

from typing import Final

from msgspec import structs

from turnout.core import ChatRequest, HostedTool, Support, forces_a_tool

from .fitting import Fitting

_DOMAINS: Final = ("allowed_domains", "blocked_domains")
_HINTS: Final = {"max_uses": "max_uses", "location": "user_location"}
"""A search means the same without these. The names are those of the client's fields."""


def is_there(tool: HostedTool, request: ChatRequest, support: Support) -> bool:
    """Whether the provider runs the tool: the client's own, or its own search in its place.

    A search in the place of another is for requests that are nothing but a search, as agents make them. Beside
    functions an agent offers a search to every model. There it is left out: Gemini before 3 refuses the two together
    (https://ai.google.dev/gemini-api/docs/google-search), and a search costs extra, and at Anthropic an admin has to
    allow it (https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool). Domains have to be kept.
    """
    if support.namespace in tool.definition:
        return True
    if tool.search is None or support.web_search is None or request.tools:
        return False
    return all(name in support.web_search or not getattr(tool.search, name) for name in _DOMAINS)


def searches_as_known(request: ChatRequest, fitting: Fitting) -> ChatRequest:
    """Leaves out what the provider doesn't run."""
    if not request.hosted:
        return request
    kept = tuple([tool for tool in request.hosted if is_there(tool, request, fitting.support)])
    for tool in request.hosted:
        if tool not in kept:
            fitting.left_out(tool.where)
        elif fitting.support.namespace not in tool.definition:
            _tell(tool, request, fitting)
    return structs.replace(request, hosted=kept)


def _tell(tool: HostedTool, request: ChatRequest, fitting: Fitting) -> None:
    fitting.said_otherwise(tool.where, "the provider's own web search")
    taken = fitting.support.web_search or frozenset()
    for name, field in _HINTS.items():
        if getattr(tool.search, name) is not None and name not in taken:
            fitting.left_out(f"{tool.where.removesuffix('.type')}.{field}")
    if forces_a_tool(request) and "tool_choice" not in taken:
        fitting.left_out("tool_choice")
