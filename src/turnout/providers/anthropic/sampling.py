"""The sampling that Anthropic takes.

While a model thinks, it takes no ``top_k``, only 1 as ``temperature``, and a ``top_p`` of at least 0.95
(https://platform.claude.com/docs/en/build-with-claude/extended-thinking). Models since Claude 4.1 take only one of
``temperature`` and ``top_p``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from turnout.core import Change, Deployment, Parameters

from .generations import ONE_OF_TEMPERATURE_AND_TOP_P, generation_of, is_known

_LEAST_TOP_P_WITH_THINKING = 0.95


class Sampled(NamedTuple):
    """``fields`` of the body. ``changes`` name the client's values that aren't among them."""

    fields: dict[str, Any]
    changes: list[Change]


def sampling_of(parameters: Parameters, deployment: Deployment, *, thinks: bool) -> Sampled:
    """The client's values as far as the model takes them, and the defaults."""
    fields = _said(parameters)
    changes: list[Change] = []
    temperature = fields.get("temperature")
    if temperature is not None and temperature > 1:  # OpenAI's goes up to 2
        fields["temperature"] = 1
        changes.append(Change("temperature", "1"))
    _leave_out_refused(fields, changes, deployment, thinks=thinks)
    return Sampled(fields | default_sampling(parameters, deployment, thinks=thinks), changes)


def adapt_sampling(
    body: dict[str, Any], parameters: Parameters, deployment: Deployment, *, thinks: bool
) -> list[Change]:
    """Removes from a client's own body what a known model doesn't take, and adds the defaults."""
    said = _said(parameters)
    changes: list[Change] = []
    if said and is_known(deployment.model):
        fields = dict(said)
        _leave_out_refused(fields, changes, deployment, thinks=thinks)
        for name in said.keys() - fields.keys():
            del body[name]
    body |= default_sampling(parameters, deployment, thinks=thinks)
    return changes


def _said(parameters: Parameters) -> dict[str, Any]:
    sampling = parameters.request.sampling
    values = {"temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": sampling.top_k}
    return {name: value for name, value in values.items() if value is not None and name not in parameters.refused}


def _leave_out_refused(fields: dict[str, Any], changes: list[Change], deployment: Deployment, *, thinks: bool) -> None:
    if thinks:
        _leave_out_beside_thinking(fields, changes)
    if _takes_only_one(deployment) and {"temperature", "top_p"} <= fields.keys():
        if fields["temperature"] == 1:  # says nothing
            del fields["temperature"]
        else:
            _leave_out("top_p", fields, changes)


def _takes_only_one(deployment: Deployment) -> bool:
    return generation_of(deployment.model) >= ONE_OF_TEMPERATURE_AND_TOP_P


def _leave_out_beside_thinking(fields: dict[str, Any], changes: list[Change]) -> None:
    if "top_k" in fields:
        _leave_out("top_k", fields, changes)
    if fields.get("temperature", 1) != 1:
        _leave_out("temperature", fields, changes)
    if fields.get("top_p", 1) < _LEAST_TOP_P_WITH_THINKING:
        _leave_out("top_p", fields, changes)


def _leave_out(name: str, fields: dict[str, Any], changes: list[Change]) -> None:
    del fields[name]
    changes.append(Change(name))


def default_sampling(parameters: Parameters, deployment: Deployment, *, thinks: bool) -> dict[str, Any]:
    """The defaults, for a client that sets neither of both."""
    sampling = parameters.request.sampling
    if thinks or sampling.temperature is not None or sampling.top_p is not None:
        return {}
    defaults = {"temperature": parameters.defaults.temperature, "top_p": parameters.defaults.top_p}
    if defaults["temperature"] is not None and _takes_only_one(deployment):
        defaults["top_p"] = None
    return {name: value for name, value in defaults.items() if value is not None}
