"""Sampling and limits in a body that has OpenAI's names for them."""

from __future__ import annotations

from typing import Any

from turnout.core import Parameters


def set_parameters(body: dict[str, Any], parameters: Parameters, limit: str) -> None:
    """Adds the defaults of parameters that the client did not set, removes the parameters that the model refuses, and
    lowers a limit that is above the model's.

    ``limit`` is the name of ``max_tokens`` on this wire.
    """
    sampling, defaults = parameters.request.sampling, parameters.defaults
    if parameters.lowered is not None:
        body[limit] = parameters.lowered
    if parameters.refused:
        remove_refused(body, parameters, limit)
    if defaults.max_tokens is not None and parameters.request.max_output is None:
        body[limit] = defaults.max_tokens
    if defaults.temperature is not None and sampling.temperature is None:
        body["temperature"] = defaults.temperature
    if defaults.top_p is not None and sampling.top_p is None:
        body["top_p"] = defaults.top_p


def remove_refused(body: dict[str, Any], parameters: Parameters, limit: str) -> None:
    for name in parameters.refused:
        if name != limit:
            body.pop(name, None)
