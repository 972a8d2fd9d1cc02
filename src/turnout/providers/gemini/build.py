"""``ChatRequest`` → the body of ``generateContent``."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from turnout.core import ChatRequest, Defaults, Deployment, Reasoning, Sampling, Tool, ToolChoice
from turnout.errors import Unsupported
from turnout.providers.raw_fields import add_missing, object_in

from . import wire
from .contents import contents_of, is_gemini_3_or_later
from .decode import NAMESPACE

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
    return _encode({**more, **msgspec.structs.asdict(body)} if more else body)


def _declaration(tool: Tool) -> wire.FunctionDeclaration:
    return wire.FunctionDeclaration(tool.name, tool.description, tool.parameters)


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
        thinking_config=_thinking(request.reasoning, deployment.model) if request.reasoning else None,
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


_LEVELS = {"minimal": "MINIMAL", "low": "LOW", "medium": "MEDIUM", "high": "HIGH", "xhigh": "XHIGH"}
_BUDGETS = {"minimal": 1024, "low": 1024, "medium": 8192, "high": 24576, "xhigh": 24576}
"""What Google makes of OpenAI's words for models that only know budgets (https://ai.google.dev/gemini-api/docs/openai)."""


def _thinking(reasoning: Reasoning, model: str) -> wire.ThinkingConfig:
    """Until 2.5 Gemini thinks by budget, later by level, and can then no longer be kept from thinking altogether.

    https://ai.google.dev/gemini-api/docs/thinking
    """
    by_level = is_gemini_3_or_later(model)
    if not reasoning.enabled:
        return wire.ThinkingConfig(thinking_level="MINIMAL") if by_level else wire.ThinkingConfig(thinking_budget=0)
    if reasoning.budget is not None or reasoning.effort is None:
        return wire.ThinkingConfig(include_thoughts=True, thinking_budget=reasoning.budget)
    if reasoning.effort not in _LEVELS:
        raise Unsupported(
            f"The provider 'gemini' does not know the effort '{reasoning.effort}', only {', '.join(_LEVELS)}.",
            param="reasoning_effort",
        )
    if by_level:
        return wire.ThinkingConfig(include_thoughts=True, thinking_level=_LEVELS[reasoning.effort])
    return wire.ThinkingConfig(include_thoughts=True, thinking_budget=_BUDGETS[reasoning.effort])


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
