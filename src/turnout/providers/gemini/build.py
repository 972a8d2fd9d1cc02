"""``ChatRequest`` → the body of ``generateContent``."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from turnout.core import ChatRequest, Defaults, Deployment, Sampling, Tool, ToolChoice
from turnout.providers.raw_fields import add_missing, object_in

from . import gemini_wire as wire
from .contents import contents_of
from .decode import NAMESPACE
from .extensions import with_extensions, with_fields
from .thinking import thinking_config

_encode = msgspec.json.encode


def translated_body(request: ChatRequest, deployment: Deployment) -> bytes:
    """A body made anew from the core. ``refuse_unsupported`` has been asked before."""
    system, contents = contents_of(request, deployment)
    body = wire.GenerateRequest(
        contents=contents,
        system_instruction=system,
        tools=[{"functionDeclarations": [_declaration(tool) for tool in request.tools]}] if request.tools else None,
        tool_config=_tool_config(request.tool_choice) if request.tools and request.tool_choice else None,
        generation_config=_generation_config(request, deployment),
    )
    more = (request.extensions or {}).get(NAMESPACE)
    return with_extensions(_encode(body), more) if more else _encode(body)


def _declaration(tool: Tool) -> wire.FunctionDeclaration | Raw:
    declared = wire.FunctionDeclaration(tool.name, tool.description, tool.parameters)
    more = (tool.extensions or {}).get(NAMESPACE)
    return Raw(with_fields(_encode(declared), more)) if more else declared


_MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY", "tool": "ANY"}


def _tool_config(choice: ToolChoice) -> dict[str, dict[str, Any]]:
    config: dict[str, Any] = {"mode": _MODES[choice.mode]}
    if choice.mode == "tool":
        config["allowedFunctionNames"] = [choice.name]
    return {"functionCallingConfig": config}


def _generation_config(request: ChatRequest, deployment: Deployment) -> wire.GenerationConfig:
    sampling, defaults, output = request.sampling, deployment.defaults, request.output
    temperature, top_p = _heat(sampling, deployment)
    return wire.GenerationConfig(
        temperature=temperature,
        top_p=top_p,
        top_k=sampling.top_k,
        seed=sampling.seed,
        presence_penalty=sampling.presence_penalty,
        frequency_penalty=sampling.frequency_penalty,
        max_output_tokens=defaults.max_tokens if request.max_output is None else request.max_output,
        stop_sequences=request.stop,
        candidate_count=request.n,
        response_mime_type=None if output.kind == "text" else "application/json",
        response_json_schema=output.schema,
        response_logprobs=sampling.logprobs,
        logprobs=sampling.top_logprobs,
        thinking_config=thinking_config(request.reasoning, deployment.model) if request.reasoning else None,
    )


def _heat(sampling: Sampling, deployment: Deployment) -> tuple[float | None, float | None]:
    """Temperature and top_p: the caller's, else the deployment's, if the model takes them at all."""
    if not deployment.traits.sampling:
        return None, None
    defaults = deployment.defaults
    return (
        defaults.temperature if sampling.temperature is None else sampling.temperature,
        defaults.top_p if sampling.top_p is None else sampling.top_p,
    )


# --- relayed -----------------------------------------------------------------------------------------

_TEMPERATURE = ("temperature",)
_TOP_P = ("topP", "top_p")
_MAX_TOKENS = ("maxOutputTokens", "max_output_tokens")
_NO_DEFAULTS = Defaults()


def relayed_body(fields: dict[str, Raw], deployment: Deployment) -> bytes:
    """The client's own fields, byte for byte, but for missing defaults and what the model doesn't take.

    The model and the wish for a stream are in the address. Google reads ``snake_case`` names too.
    """
    takes_heat, defaults = deployment.traits.sampling, deployment.defaults
    if takes_heat and defaults == _NO_DEFAULTS:
        return _encode(fields)
    name = "generation_config" if "generation_config" in fields else "generationConfig"
    config = object_in(fields, name)
    add_missing(config, _MAX_TOKENS, defaults.max_tokens)
    if takes_heat:
        add_missing(config, _TEMPERATURE, defaults.temperature)
        add_missing(config, _TOP_P, defaults.top_p)
    else:
        config = {key: value for key, value in config.items() if key not in _TEMPERATURE + _TOP_P}
    return _encode({**fields, name: config})
