"""``ChatRequest`` → a request body."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from turnout.core import Change, ChatRequest, Deployment, Parameter, Parameters, parameters_of
from turnout.errors import Unsupported
from turnout.providers.raw_fields import object_in

from .anthropic_wire import NAMESPACE, Fields
from .cache_markers import remove_surplus_markers
from .content import conversation, system_of
from .foreign_state import own_messages
from .reasoning import thinking_of
from .relayed_thinking import Limits, adapt_thinking, thinks
from .sampling import adapt_sampling, sampling_of
from .schemas import schema_of
from .tools import tools_of
from .version import refused_by_version

_encode = msgspec.json.encode
_FIELDS = msgspec.json.Decoder(Fields)
_MAX_TOKENS = 4096
"""Anthropic requires a limit for the length of an answer. All its models take this one."""

_NAMES: dict[Parameter, str] = {
    "stop": "stop_sequences",
    "temperature": "temperature",
    "top_k": "top_k",
    "top_p": "top_p",
}
_IN_WORDS = Change("response_format", "in words", kept=True)
_MODES = {"auto": "auto", "required": "any", "tool": "tool", "none": "none"}


class Body(NamedTuple):
    data: bytes
    changes: tuple[Change, ...]


def relayed_body(fields: Fields, request: ChatRequest, deployment: Deployment) -> Body:
    """The client's own fields, byte for byte. Only the model's name changes, the parameters, and what the model doesn't
    take as it is.
    """
    parameters = _parameters(request, deployment)
    body: dict[str, Any] = dict(fields)
    body["model"] = deployment.model
    if "messages" in fields:
        body["messages"] = own_messages(fields["messages"])
    if parameters.lowered is not None:
        body["max_tokens"] = parameters.lowered
    elif request.max_output is None and "max_tokens" not in fields:
        body["max_tokens"] = _max_tokens(parameters, deployment)
    for parameter in parameters.refused & _NAMES.keys():
        body.pop(_NAMES[parameter], None)
    if "parallel_tool_calls" in parameters.refused:
        choice = object_in(fields, "tool_choice")
        if choice.pop("disable_parallel_tool_use", None) is not None:
            body["tool_choice"] = choice
    changes = _adapted_thinking(body, fields, parameters, deployment) if request.reasoning is not None else []
    changes += adapt_sampling(body, parameters, deployment, thinks=thinks(body))
    return Body(_encode(body), (*parameters.changes, *changes))


def _adapted_thinking(
    body: dict[str, Any], fields: Fields, parameters: Parameters, deployment: Deployment
) -> list[Change]:
    limit = parameters.max_tokens or _max_tokens(parameters, deployment)
    limits = Limits(limit, parameters.lowered is not None, foreign=body.get("messages") is not fields.get("messages"))
    return adapt_thinking(body, parameters.request, deployment, limits)


def _parameters(request: ChatRequest, deployment: Deployment) -> Parameters:
    return parameters_of(request, deployment, refused_by_version(request, deployment))


def translated_body(request: ChatRequest, deployment: Deployment) -> Body:
    """A body made from the core's request. ``turnout.fitting`` has fitted the request before."""
    if request.messages[-1].role == "assistant" and not deployment.traits.prefill:
        raise Unsupported(
            f"The model '{deployment.model}' does not go on with an answer that was begun: end with a user's message.",
            param="messages",
        )
    parameters = _parameters(request, deployment)
    thinking = thinking_of(request, deployment, _max_tokens(parameters, deployment))
    sampling = sampling_of(parameters, deployment, thinks=thinking.on)
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
    tools, tool_changes = tools_of(request, deployment)
    body |= sampling.fields | {"tools": tools or None} | _tool_choice(request, parameters)
    body = {name: value for name, value in body.items() if value is not None}
    markers = remove_surplus_markers(body)
    in_words = [_IN_WORDS] if request.output.kind == "json" else []
    for name, value in ((request.extensions or {}).get(NAMESPACE) or {}).items():
        body[name] = body[name] | _FIELDS.decode(value) if isinstance(body.get(name), dict) else value
    own = (*thinking.changes, *sampling.changes, *tool_changes, *markers, *in_words)
    return Body(_encode(body), (*parameters.changes, *own))


def _max_tokens(parameters: Parameters, deployment: Deployment) -> int:
    """For a client without a limit: the operator's or the service API's default, else all that the model can give."""
    limit = parameters.defaults.max_tokens
    return (deployment.traits.max_output or _MAX_TOKENS) if limit is None else limit


def _format(request: ChatRequest) -> dict[str, Any]:
    """https://platform.claude.com/docs/en/build-with-claude/structured-outputs"""
    if request.output.kind != "json_schema":
        return {}
    if request.output.schema is None:
        raise Unsupported(
            "The provider 'anthropic' needs the schema of a 'json_schema' output.", param="response_format"
        )
    return {"format": {"type": "json_schema", "schema": schema_of(request.output.schema)}}


def _tool_choice(request: ChatRequest, parameters: Parameters) -> dict[str, Any]:
    """The choice of a tool, which also switches parallel calls on and off."""
    choice, parallel = request.tool_choice, parameters.parallel_tool_calls
    if choice is None and (parallel is None or not (request.tools or request.hosted)):
        return {}
    mode = choice.mode if choice else "auto"
    chosen: dict[str, Any] = {"type": _MODES[mode]}
    if mode == "tool" and choice:
        chosen["name"] = choice.name
    if parallel is not None and mode != "none":
        chosen["disable_parallel_tool_use"] = not parallel
    return {"tool_choice": chosen}
