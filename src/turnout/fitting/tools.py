"""How tools are called."""

from __future__ import annotations

from msgspec import structs

from turnout.core import OLD_FUNCTION, ChatRequest, forced_tool, forces_a_tool
from turnout.errors import Unsupported

from .fitting import Fitting


def tools_where_the_model_calls_them(request: ChatRequest, fitting: Fitting) -> ChatRequest:
    """A model that can't call tools answers without those that it may call. Raises ``Unsupported`` where it has to."""
    if fitting.deployment.traits.tools or not request.tools:
        return request
    if forces_a_tool(request):
        if fitting.support.schema_calls and forced_tool(request) is not None:
            return request
        problem = f"The model '{fitting.deployment.model}' can't call tools, and the request wants one called."
        raise Unsupported(problem, param="tool_choice")
    if request.tool_choice is None or request.tool_choice.mode != "none":
        fitting.left_out("tools")
    return structs.replace(request, tools=(), tool_choice=None)


def one_call_at_a_time(request: ChatRequest, fitting: Fitting) -> ChatRequest:
    """A provider without a word for it may call several tools at once. Where a tool has to be called, the client
    wants exactly one call, so it gets only the first one (``first_call.py``).
    """
    if request.parallel_tool_calls is None or fitting.support.single_calls:
        return request
    if request.parallel_tool_calls is False and request.tools and not _has_old_functions(request):
        if forces_a_tool(request):
            fitting.said_otherwise("parallel_tool_calls", "only the first call is passed on")
        else:
            fitting.left_out("parallel_tool_calls")
    return structs.replace(request, parallel_tool_calls=None)


def _has_old_functions(request: ChatRequest) -> bool:
    """Such a client didn't say that it wants one call, and the dialect shows it only the first one."""
    return any(tool.own is not None and tool.own.type == OLD_FUNCTION for tool in request.tools)


def own_tools_as_functions(request: ChatRequest, fitting: Fitting) -> ChatRequest:
    """The dialect has made functions of the tools that only its wire has, and gives their calls back as the client's
    own. A provider on that wire gets what the client said.
    """
    for tool in request.tools:
        if tool.own is not None and fitting.support.namespace not in (tool.own.definition or {}):
            fitting.said_otherwise(tool.own.where, f"the function '{tool.name}'")
    return request
