"""``ChatRequest`` → the body of ``generateContent``."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from turnout.core import (
    NO_CHANGES,
    Change,
    ChatRequest,
    Defaults,
    Deployment,
    HostedTool,
    Parameter,
    Parameters,
    Tool,
    ToolChoice,
)
from turnout.providers.raw_fields import object_in, set_parameters

from . import gemini_wire as wire
from .contents import contents_of
from .decode import NAMESPACE
from .extensions import with_extensions, with_fields
from .own_tools import fitted_tools, relayed_tools
from .schemas import schema_of
from .thinking import changes_of, thinking_config, thinking_instead

_encode = msgspec.json.encode


def translated_body(parameters: Parameters, deployment: Deployment) -> tuple[bytes, tuple[Change, ...]]:
    """A body made from the core's request. ``turnout.fitting`` has fitted the request before."""
    request, left_out = fitted_tools(parameters.request, deployment.model)
    system, contents = contents_of(request, deployment)
    body = wire.GenerateRequest(
        contents=contents,
        system_instruction=system,
        tools=_tools(request),
        tool_config=_tool_config(request.tool_choice) if request.tools and request.tool_choice else None,
        generation_config=_generation_config(parameters, deployment),
    )
    more = (request.extensions or {}).get(NAMESPACE)
    changes = (*parameters.changes, *changes_of(request.reasoning, deployment.model), *left_out)
    return (with_extensions(_encode(body), more) if more else _encode(body)), changes


def _tools(request: ChatRequest) -> list[Any] | None:
    """https://ai.google.dev/gemini-api/docs/google-search"""
    functions = [{"functionDeclarations": [_declaration(tool) for tool in request.tools]}] if request.tools else []
    return [*functions, *map(_hosted, request.hosted)] or None


def _hosted(tool: HostedTool) -> Any:
    """Fitting leaves only Google's own tools and searches of the web."""
    return tool.definition[NAMESPACE]["tool"] if NAMESPACE in tool.definition else {"googleSearch": {}}


def _declaration(tool: Tool) -> wire.FunctionDeclaration | Raw:
    declared = wire.FunctionDeclaration(tool.name, tool.description, schema_of(tool.parameters))
    more = (tool.extensions or {}).get(NAMESPACE)
    return Raw(with_fields(_encode(declared), more)) if more else declared


_MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY", "tool": "ANY"}


def _tool_config(choice: ToolChoice) -> dict[str, dict[str, Any]]:
    config: dict[str, Any] = {"mode": _MODES[choice.mode]}
    if choice.mode == "tool":
        config["allowedFunctionNames"] = [choice.name]
    return {"functionCallingConfig": config}


def _generation_config(parameters: Parameters, deployment: Deployment) -> wire.GenerationConfig:
    request = parameters.request
    output = request.output
    sampling = parameters.sampling
    return wire.GenerationConfig(
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        top_k=sampling.top_k,
        seed=sampling.seed,
        presence_penalty=sampling.presence_penalty,
        frequency_penalty=sampling.frequency_penalty,
        max_output_tokens=parameters.max_tokens,
        stop_sequences=request.stop,
        candidate_count=request.n,
        response_mime_type=None if output.kind == "text" else "application/json",
        response_json_schema=schema_of(output.schema),
        response_logprobs=sampling.logprobs,
        logprobs=sampling.top_logprobs,
        thinking_config=thinking_config(request.reasoning, deployment.model) if request.reasoning else None,
    )


# --- relayed -----------------------------------------------------------------------------------------

_NAMES: dict[Parameter, tuple[str, ...]] = {
    "frequency_penalty": ("frequencyPenalty", "frequency_penalty"),
    "logprobs": ("responseLogprobs", "response_logprobs"),
    "max_tokens": ("maxOutputTokens", "max_output_tokens"),
    "n": ("candidateCount", "candidate_count"),
    "presence_penalty": ("presencePenalty", "presence_penalty"),
    "seed": ("seed",),
    "stop": ("stopSequences", "stop_sequences"),
    "temperature": ("temperature",),
    "top_k": ("topK", "top_k"),
    "top_logprobs": ("logprobs",),
    "top_p": ("topP", "top_p"),
}
"""The names of parameters in ``generationConfig``. Google reads ``snake_case`` names too."""

_NO_DEFAULTS = Defaults()
_THINKING = ("thinkingConfig", "thinking_config")
_HOW_MUCH = frozenset({"thinkingLevel", "thinking_level", "thinkingBudget", "thinking_budget"})


def relayed_body(
    fields: dict[str, Raw], parameters: Parameters, deployment: Deployment
) -> tuple[bytes, tuple[Change, ...]]:
    """The client's own fields, byte for byte. Only the parameters change, and what the model doesn't take as it is.

    The address has the model's name, and says whether the reply is streamed.
    """
    left_out = NO_CHANGES
    if "tools" in fields:
        tools, left_out = relayed_tools(fields["tools"], deployment.model)
        fields = {**fields, "tools": tools}
    body, changes = _with_parameters(fields, parameters, deployment)
    return body, (*changes, *left_out)


def _with_parameters(
    fields: dict[str, Raw], parameters: Parameters, deployment: Deployment
) -> tuple[bytes, tuple[Change, ...]]:
    reasoning = parameters.request.reasoning
    instead = None if reasoning is None else thinking_instead(reasoning, deployment)
    nothing_to_set = parameters.lowered is None and parameters.defaults == _NO_DEFAULTS
    if nothing_to_set and not parameters.refused and instead is None:
        return _encode(fields), parameters.changes
    name = "generation_config" if "generation_config" in fields else "generationConfig"
    config = object_in(fields, name)
    set_parameters(config, parameters, _NAMES)
    if instead is None:
        return _encode({**fields, name: config}), parameters.changes
    thinking, changes = instead
    _set_thinking(config, thinking, never=deployment.traits.thinking == "never")
    return _encode({**fields, name: config}), (*parameters.changes, *changes)


def _set_thinking(config: dict[str, Raw], how_much: dict[str, Any], *, never: bool) -> None:
    """A model that never thinks takes no field of the object."""
    name = _THINKING[1] if _THINKING[1] in config else _THINKING[0]
    others = {field: value for field, value in object_in(config, name).items() if field not in _HOW_MUCH}
    if never:
        config.pop(name, None)
    else:
        config[name] = Raw(_encode({**others, **how_much}))
