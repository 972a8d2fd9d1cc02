"""The client's own request → the body of ``/api/chat`` or ``/api/generate``."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Raw

from turnout.core import Change, ChatRequest, Defaults, Deployment, Parameter, Parameters
from turnout.providers.efforts import taken_effort
from turnout.providers.raw_fields import object_in, set_parameters

from .build import add_own_defaults

_encode = msgspec.json.encode
_NAMES: Final[dict[Parameter, tuple[str, ...]]] = {
    "frequency_penalty": ("frequency_penalty",),
    "max_tokens": ("num_predict",),
    "presence_penalty": ("presence_penalty",),
    "seed": ("seed",),
    "stop": ("stop",),
    "temperature": ("temperature",),
    "top_k": ("top_k",),
    "top_p": ("top_p",),
}
"""The names of parameters in ``options``."""

_OUTSIDE_OPTIONS: Final[tuple[Parameter, ...]] = ("logprobs", "top_logprobs")
_NO_DEFAULTS: Final = Defaults()
_NO_TOOLS: Final = (b"null", b"[]")
Body = dict[str, Raw | dict[str, Raw]]


def relayed_body(
    fields: dict[str, Raw], parameters: Parameters, deployment: Deployment
) -> tuple[bytes, tuple[Change, ...]]:
    """The client's own fields, byte for byte. The model's name, the parameters and the deployment's options change, and
    what the model doesn't take as it is.
    """
    body: Body = {**fields, "model": Raw(_encode(deployment.model))}
    adapted = [*_adapt_thinking(body, parameters.request, deployment), *_adapt_tools(body, fields, deployment)]
    changes = (*parameters.changes, *adapted)
    nothing_to_set = parameters.lowered is None and parameters.defaults == _NO_DEFAULTS and not deployment.options
    if nothing_to_set and not parameters.refused:
        return _encode(body), changes
    options = object_in(fields, "options")
    set_parameters(options, parameters, _NAMES)
    for name in _OUTSIDE_OPTIONS:
        if name in parameters.refused:
            body.pop(name, None)
    add_own_defaults(body, options, deployment)
    return _encode(body | {"options": options}), changes


def _adapt_thinking(body: Body, request: ChatRequest, deployment: Deployment) -> list[Change]:
    """Ollama refuses ``think`` for a model that never thinks, and a level for one that can only be told to think
    (https://docs.ollama.com/capabilities/thinking). What the model can do is known from the engine.
    """
    reasoning, traits = request.reasoning, deployment.traits
    if reasoning is None:
        return []
    if traits.thinking == "never":
        del body["think"]
        return [Change("reasoning_effort")] if reasoning.enabled else []
    if traits.efforts is None or reasoning.effort is None:
        return []
    level = taken_effort(reasoning.effort, traits.efforts)
    if level == reasoning.effort:
        return []
    body["think"] = Raw(_encode(level or True))
    return [Change("reasoning_effort", f"think: {level or 'true'}")]


def _adapt_tools(body: Body, fields: dict[str, Raw], deployment: Deployment) -> list[Change]:
    """Ollama refuses tools for a model whose template has no place for them."""
    if deployment.traits.tools or "tools" not in fields:
        return []
    del body["tools"]
    return [] if bytes(fields["tools"]) in _NO_TOOLS else [Change("tools")]
