"""``ChatRequest`` → a request body."""

from __future__ import annotations

from typing import Any

import msgspec

from turnout.core import ChatRequest, Deployment, Parameter, Parameters, Tool, parameters_of
from turnout.errors import Unsupported
from turnout.providers.raw_fields import object_in

from .anthropic_wire import NAMESPACE, Fields
from .content import conversation, system_of
from .reasoning import thinking_of
from .version import refused_by_version

_encode = msgspec.json.encode
_FIELDS = msgspec.json.Decoder(Fields)
_MAX_TOKENS = 1024
"""Anthropic requires a limit for the length of an answer."""

_NAMES: dict[Parameter, str] = {
    "stop": "stop_sequences",
    "temperature": "temperature",
    "top_k": "top_k",
    "top_p": "top_p",
}
_MODES = {"auto": "auto", "required": "any", "tool": "tool", "none": "none"}


def relayed_body(fields: Fields, request: ChatRequest, deployment: Deployment) -> bytes:
    """The client's own fields, byte for byte. Only the model's name and the parameters change."""
    parameters = _parameters(request, deployment)
    body: dict[str, Any] = dict(fields)
    body["model"] = deployment.model
    if request.max_output is None:
        body["max_tokens"] = _max_tokens(deployment)
    for parameter in parameters.refused & _NAMES.keys():
        body.pop(_NAMES[parameter], None)
    if "parallel_tool_calls" in parameters.refused:
        choice = object_in(fields, "tool_choice")
        if choice.pop("disable_parallel_tool_use", None) is not None:
            body["tool_choice"] = choice
    return _encode(body | _default_sampling(parameters, thinks="thinking" in fields))


def _parameters(request: ChatRequest, deployment: Deployment) -> Parameters:
    return parameters_of(request, deployment, refused_by_version(request, deployment))


def translated_body(request: ChatRequest, deployment: Deployment) -> bytes:
    """A body made from the core's request. ``refuse_unsupported`` has checked the request before."""
    if request.messages[-1].role == "assistant" and not deployment.traits.prefill:
        raise Unsupported(
            f"The model '{deployment.model}' does not go on with an answer that was begun: end with a user's message.",
            param="messages",
        )
    parameters = _parameters(request, deployment)
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
    body |= _sampling(parameters, thinks=thinking.config is not None) | _tools(request, parameters)
    body = {name: value for name, value in body.items() if value is not None}
    for name, value in ((request.extensions or {}).get(NAMESPACE) or {}).items():
        body[name] = body[name] | _FIELDS.decode(value) if isinstance(body.get(name), dict) else value
    return _encode(body)


def _max_tokens(deployment: Deployment) -> int:
    limit = deployment.defaults.max_tokens
    return _MAX_TOKENS if limit is None else limit


def _sampling(parameters: Parameters, *, thinks: bool) -> dict[str, Any]:
    """The client's values and the defaults, without the refused parameters."""
    sampling = parameters.request.sampling
    values = {"temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": sampling.top_k}
    sent = {name: value for name, value in values.items() if name not in parameters.refused}
    temperature = sent.get("temperature")
    if temperature is not None and temperature > 1:
        raise Unsupported("The provider 'anthropic' takes a temperature from 0 to 1.", param="temperature")
    return sent | _default_sampling(parameters, thinks=thinks)


def _default_sampling(parameters: Parameters, *, thinks: bool) -> dict[str, Any]:
    """The defaults, for a client that sets neither: most models refuse ``top_p`` beside ``temperature``, and both while
    they think (https://platform.claude.com/docs/en/build-with-claude/extended-thinking).
    """
    sampling = parameters.request.sampling
    if thinks or sampling.temperature is not None or sampling.top_p is not None:
        return {}
    defaults = {"temperature": parameters.defaults.temperature, "top_p": parameters.defaults.top_p}
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


def _tools(request: ChatRequest, parameters: Parameters) -> dict[str, Any]:
    """The tools and the choice of a tool, which also switches parallel calls on and off."""
    fields: dict[str, Any] = {"tools": [_tool(tool) for tool in request.tools]} if request.tools else {}
    choice, parallel = request.tool_choice, parameters.parallel_tool_calls
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
    set_fields = {name: value for name, value in fields.items() if value is not None}
    return set_fields | ((tool.extensions or {}).get(NAMESPACE) or {})
