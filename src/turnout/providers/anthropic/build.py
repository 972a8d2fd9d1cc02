"""``ChatRequest`` → a request body."""

from __future__ import annotations

from typing import Any

import msgspec

from turnout.core import ChatRequest, Deployment, Tool
from turnout.errors import Unsupported

from .anthropic_wire import NAMESPACE, Fields
from .content import conversation, system_of
from .reasoning import thinking_of
from .version import takes_sampling

_encode = msgspec.json.encode
_FIELDS = msgspec.json.Decoder(Fields)
_SAMPLING = ("temperature", "top_p", "top_k")
_MAX_TOKENS = 1024
"""Anthropic wants to be told how long an answer may be."""

_MODES = {"auto": "auto", "required": "any", "tool": "tool", "none": "none"}


def relayed_body(fields: Fields, request: ChatRequest, deployment: Deployment) -> bytes:
    """The client's own fields, byte for byte, but for the model's name, missing defaults, and sampling that the model
    doesn't take.
    """
    body: dict[str, Any] = dict(fields)
    body["model"] = deployment.model
    if request.max_output is None:
        body["max_tokens"] = _max_tokens(deployment)
    if not takes_sampling(request, deployment):
        for name in _SAMPLING:
            body.pop(name, None)
    return _encode(body | _default_sampling(request, deployment, thinks="thinking" in fields))


def translated_body(request: ChatRequest, deployment: Deployment) -> bytes:
    """A body made anew from the core. ``refuse_unsupported`` has been asked before."""
    if request.messages[-1].role == "assistant" and not deployment.traits.prefill:
        raise Unsupported(
            f"The model '{deployment.model}' does not go on with an answer that was begun: end with a user's message.",
            param="messages",
        )
    thinking = thinking_of(request, deployment, _max_tokens(deployment))
    body: dict[str, Any] = {
        "model": deployment.model,
        "max_tokens": thinking.max_tokens,
        "system": system_of(request),
        "messages": conversation(request),
        "stop_sequences": list(request.stop) or None,
        "stream": True if request.stream else None,
        "metadata": {"user_id": request.user} if request.user else None,
        "thinking": thinking.config,
        "output_config": thinking.effort | _format(request) or None,
    }
    body |= _sampling(request, deployment, thinks=thinking.config is not None) | _tools(request)
    body = {name: value for name, value in body.items() if value is not None}
    for name, value in ((request.extensions or {}).get(NAMESPACE) or {}).items():
        body[name] = body[name] | _FIELDS.decode(value) if isinstance(body.get(name), dict) else value
    return _encode(body)


def _max_tokens(deployment: Deployment) -> int:
    limit = deployment.defaults.max_tokens
    return _MAX_TOKENS if limit is None else limit


def _sampling(request: ChatRequest, deployment: Deployment, *, thinks: bool) -> dict[str, Any]:
    """The caller's values where the model takes any, with the defaults."""
    if not takes_sampling(request, deployment):
        return {}
    sampling = request.sampling
    if sampling.temperature is not None and sampling.temperature > 1:
        raise Unsupported("The provider 'anthropic' takes a temperature from 0 to 1.", param="temperature")
    said = {name: getattr(sampling, name) for name in _SAMPLING}
    return said | _default_sampling(request, deployment, thinks=thinks)


def _default_sampling(request: ChatRequest, deployment: Deployment, *, thinks: bool) -> dict[str, Any]:
    """Only for a caller who says nothing of it: most models refuse ``top_p`` beside ``temperature``, and neither may
    be changed while they think (https://platform.claude.com/docs/en/build-with-claude/extended-thinking).
    """
    said = request.sampling.temperature is not None or request.sampling.top_p is not None
    if said or thinks or not takes_sampling(request, deployment):
        return {}
    defaults = {"temperature": deployment.defaults.temperature, "top_p": deployment.defaults.top_p}
    return {name: value for name, value in defaults.items() if value is not None}


def _format(request: ChatRequest) -> dict[str, Any]:
    """https://platform.claude.com/docs/en/build-with-claude/structured-outputs"""
    if request.output.kind != "json_schema":
        return {}
    if request.output.schema is None:
        raise Unsupported(
            "The provider 'anthropic' needs the schema of a 'json_schema' output.", param="response_format"
        )
    return {"format": {"type": "json_schema", "schema": request.output.schema}}


def _tools(request: ChatRequest) -> dict[str, Any]:
    """Parallel calls are switched on and off beside the choice of the tool."""
    fields: dict[str, Any] = {"tools": [_tool(tool) for tool in request.tools]} if request.tools else {}
    choice, parallel = request.tool_choice, request.parallel_tool_calls
    if choice is None and (parallel is None or not request.tools):
        return fields
    mode = choice.mode if choice else "auto"
    chosen: dict[str, Any] = {"type": _MODES[mode]}
    if mode == "tool" and choice:
        chosen["name"] = choice.name
    if parallel is not None and mode != "none":
        chosen["disable_parallel_tool_use"] = not parallel
    return fields | {"tool_choice": chosen}


def _tool(tool: Tool) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "name": tool.name,
        "description": tool.description,
        "input_schema": {"type": "object"} if tool.parameters is None else tool.parameters,
        "strict": tool.strict,
    }
    said = {name: value for name, value in fields.items() if value is not None}
    return said | ((tool.extensions or {}).get(NAMESPACE) or {})
