"""The parameters that a chat request sends to one deployment: nothing else reads what its model refuses.

A refused hint, which only nudges the sampling, is left out, and ``x-turnout-dropped`` names it. A refused parameter
that changes the meaning of the answer is an error.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import structs

from turnout.errors import Unsupported

from .changes import NO_CHANGES, Change
from .deployment import Defaults, Deployment, Parameter, Traits
from .request import ChatRequest, Sampling

HINTS: Final[tuple[Parameter, ...]] = (
    "temperature",
    "top_p",
    "top_k",
    "seed",
    "presence_penalty",
    "frequency_penalty",
)
"""Fields of ``Sampling``."""

_OWN_DEFAULTS: Final = {"temperature": 1, "top_p": 1, "presence_penalty": 0, "frequency_penalty": 0}
"""OpenAI's and Anthropic's, whose models are the only ones that refuse parameters."""

_DEFAULTS: Final = ("temperature", "top_p")
_EMPTY: Final = (b"null", b"{}", b"[]")
_NOTHING: Final[frozenset[Parameter]] = frozenset()


class Parameters(msgspec.Struct, frozen=True):
    """A relayed body keeps the client's fields, so it needs only ``defaults``, which are sent for parameters that the
    client left out, ``refused``, the parameters that have to be removed, and ``lowered``. A translated body reads the
    properties.

    ``max_tokens`` in ``refused`` means that OpenAI's chat sends the limit as ``max_completion_tokens``.
    ``lowered`` is the model's limit in tokens, if the client asks for more.
    ``changes`` are the client's own parameters that are left out or lowered.
    """

    request: ChatRequest
    defaults: Defaults
    refused: frozenset[Parameter] = _NOTHING
    changes: tuple[Change, ...] = NO_CHANGES
    lowered: int | None = None

    @property
    def sampling(self) -> Sampling:
        """The client's values, else the defaults, without the refused parameters."""
        sampling = self.request.sampling
        changes = {name: None for name in self.refused if getattr(sampling, name, None) is not None}
        for name in _DEFAULTS:
            if getattr(sampling, name) is None and getattr(self.defaults, name) is not None:
                changes[name] = getattr(self.defaults, name)
        return structs.replace(sampling, **changes) if changes else sampling

    @property
    def max_tokens(self) -> int | None:
        limit = self.request.max_output if self.lowered is None else self.lowered
        return self.defaults.max_tokens if limit is None else limit

    @property
    def parallel_tool_calls(self) -> bool | None:
        return None if "parallel_tool_calls" in self.refused else self.request.parallel_tool_calls


def parameters_of(
    request: ChatRequest, deployment: Deployment, refused_by_wire: frozenset[Parameter] = _NOTHING
) -> Parameters:
    """The parameters to send. ``refused_by_wire`` are refused whatever the model is.

    Raises ``Unsupported`` when the client sets a refused parameter that changes the meaning of the answer. When the
    client doesn't say whether the model shall think, such a parameter is sent: some models don't think by default.
    """
    traits = deployment.traits
    defaults = deployment.service_defaults if request.service else deployment.defaults
    lowered = None if request.max_output is None else lowered_limit(request, traits)
    changes = NO_CHANGES if lowered is None else (Change("max_tokens", str(lowered)),)
    if not (traits.refuses or traits.refuses_thinking or refused_by_wire):
        return Parameters(request, defaults, _NOTHING, changes, lowered)
    refused = _refused(request, traits) | refused_by_wire
    certain = refused if _asks_to_think(request) else traits.refuses | refused_by_wire
    for parameter in sorted(refused):
        if _changes_the_meaning(request, parameter):
            if parameter in certain:
                raise Unsupported(f"The model '{deployment.model}' does not support '{parameter}'.", param=parameter)
            refused -= {parameter}
    defaults = _without(defaults, refused | traits.refuses_thinking)
    return Parameters(request, defaults, refused, (*_left_out(request, refused), *changes), lowered)


def lowered_limit(request: ChatRequest, traits: Traits) -> int | None:
    """The most tokens that the model gives, if the client asks for more, as agents with one limit for all models do."""
    if request.max_output is None or traits.max_output is None or request.max_output <= traits.max_output:
        return None
    return traits.max_output


def _left_out(request: ChatRequest, refused: frozenset[Parameter]) -> tuple[Change, ...]:
    """A value that says the same as the model's own default isn't missed."""
    sampling = request.sampling
    names: list[str] = [
        name for name in HINTS if name in refused and getattr(sampling, name) not in (None, _OWN_DEFAULTS.get(name))
    ]
    if "parallel_tool_calls" in refused and request.parallel_tool_calls is not None:
        names.append("parallel_tool_calls")
    return tuple([Change(name) for name in names])


def _refused(request: ChatRequest, traits: Traits) -> frozenset[Parameter]:
    thinks = request.reasoning is None or request.reasoning.enabled or traits.thinking == "always"
    return traits.refuses | traits.refuses_thinking if thinks else traits.refuses


def _asks_to_think(request: ChatRequest) -> bool:
    return request.reasoning is not None and request.reasoning.enabled


def _without(defaults: Defaults, refused: frozenset[Parameter]) -> Defaults:
    """A limit stays: every wire has a name for it."""
    changes = {name: None for name in _DEFAULTS if name in refused}
    return structs.replace(defaults, **changes) if changes else defaults


def _changes_the_meaning(request: ChatRequest, parameter: Parameter) -> bool:
    """Whether the client sets it to a value without which the answer would be another kind of answer."""
    match parameter:
        case "logprobs" | "top_logprobs":
            return bool(getattr(request.sampling, parameter))
        case "n":
            return request.n > 1
        case "stop":
            return bool(request.stop)
        case "logit_bias":
            return any(
                bytes(fields[parameter]) not in _EMPTY
                for fields in (request.extensions or {}).values()
                if parameter in fields
            )
    return False
