"""Which parameters are sent to a model that refuses some."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from msgspec import Raw, structs

from turnout.core import (
    Change,
    ChatRequest,
    Defaults,
    Deployment,
    Message,
    Parameter,
    Parameters,
    Reasoning,
    Sampling,
    Text,
    Traits,
    parameters_of,
)
from turnout.errors import Unsupported

DEFAULTS = Defaults(max_tokens=256, temperature=0.7, top_p=0.9)
HINTS: dict[str, float] = {
    "temperature": 0.5,
    "top_p": 0.25,
    "top_k": 3,
    "seed": 4,
    "presence_penalty": 0.125,
    "frequency_penalty": 0.75,
}
MEANING: dict[str, dict[str, Any]] = {
    "logprobs": {"sampling": Sampling(logprobs=True)},
    "top_logprobs": {"sampling": Sampling(top_logprobs=2)},
    "n": {"n": 2},
    "stop": {"stop": ("END",)},
    "logit_bias": {"extensions": {"openai": {"logit_bias": Raw(b'{"50256":-100}')}}},
}
NOTHING_ASKED: dict[str, dict[str, Any]] = {
    "logprobs": {"sampling": Sampling(logprobs=False)},
    "top_logprobs": {"sampling": Sampling(top_logprobs=0)},
    "n": {"n": 1},
    "stop": {"stop": ()},
    "parallel_tool_calls": {"parallel_tool_calls": True},
    "logit_bias": {"extensions": {"openai": {"logit_bias": Raw(b"{}")}}},
}


def request_of(**fields: Any) -> ChatRequest:
    return ChatRequest(model="fast", messages=(Message("user", (Text("hi"),)),), **fields)


def deployment(*refuses: Parameter, thinking: frozenset[Parameter] = frozenset()) -> Deployment:
    traits = Traits(refuses=frozenset(refuses), refuses_thinking=thinking)
    return Deployment(id="d", provider="p", model="m-1", defaults=DEFAULTS, traits=traits)


def named(request: ChatRequest, place: Deployment) -> list[str]:
    return [change.field for change in parameters_of(request, place).changes]


def test_every_parameter_is_either_a_hint_or_a_meaning_or_the_limit() -> None:
    assert {*HINTS, *MEANING, "max_tokens", "parallel_tool_calls"} == {*get_args(Parameter)}


def test_the_clients_values_come_before_the_defaults() -> None:
    request = request_of(max_output=5, sampling=Sampling(temperature=0.0))
    parameters = parameters_of(request, deployment())
    assert (parameters.sampling, parameters.max_tokens) == (Sampling(temperature=0.0, top_p=0.9), 5)
    assert parameters_of(request_of(), deployment()).max_tokens == 256


@pytest.mark.parametrize("hint", HINTS)
def test_a_refused_hint_is_left_out_and_named(hint: Any) -> None:
    sampling = structs.replace(Sampling(), **HINTS)
    request = request_of(sampling=sampling)
    parameters = parameters_of(request, deployment(hint))
    assert parameters.sampling == structs.replace(sampling, **{hint: None})
    assert parameters.refused == {hint}
    assert named(request, deployment(hint)) == [hint]


def test_a_refused_default_is_not_sent() -> None:
    request = request_of()
    assert parameters_of(request, deployment("temperature")).defaults == Defaults(max_tokens=256, top_p=0.9)
    assert parameters_of(request, deployment("temperature")).sampling == Sampling(top_p=0.9)
    assert named(request, deployment("temperature")) == []


def test_a_limit_is_kept_where_its_usual_name_is_refused() -> None:
    parameters = parameters_of(request_of(), deployment("max_tokens"))
    assert (parameters.max_tokens, parameters.defaults) == (256, DEFAULTS)
    assert parameters.refused == {"max_tokens"}
    assert named(request_of(max_output=5), deployment("max_tokens")) == []


@pytest.mark.parametrize("parameter", MEANING)
def test_a_refused_parameter_that_changes_the_meaning_is_an_error(parameter: Any) -> None:
    request = request_of(**MEANING[parameter])
    with pytest.raises(Unsupported, match=rf"'m-1' does not support '{parameter}'") as caught:
        parameters_of(request, deployment(parameter))
    assert caught.value.param == parameter
    assert parameters_of(request, deployment()).refused == frozenset()


@pytest.mark.parametrize("parameter", NOTHING_ASKED)
def test_a_refused_parameter_that_asks_for_nothing_is_left_out(parameter: Any) -> None:
    request = request_of(**NOTHING_ASKED[parameter])
    parameters = parameters_of(request, deployment(parameter))
    assert parameters.refused == {parameter}
    assert parameters.sampling == Sampling(temperature=0.7, top_p=0.9)
    assert parameters.parallel_tool_calls is None


@pytest.mark.parametrize("said", [True, False])
def test_parallel_tool_calls_that_are_left_out_are_named(said: bool) -> None:
    request = request_of(parallel_tool_calls=said)
    assert named(request, deployment("parallel_tool_calls")) == ["parallel_tool_calls"]


@pytest.mark.parametrize(
    ("reasoning", "sent"),
    [
        pytest.param(None, Sampling(), id="unsaid"),
        pytest.param(Reasoning(effort="low"), Sampling(), id="on"),
        pytest.param(Reasoning(enabled=False), Sampling(temperature=0.5), id="off"),
    ],
)
def test_a_model_may_take_parameters_only_while_it_does_not_think(reasoning: Reasoning | None, sent: Sampling) -> None:
    """It is sent the client's values then, but no defaults: how it thinks by itself isn't known."""
    place = deployment(thinking=frozenset({"temperature", "top_p"}))
    request = request_of(reasoning=reasoning, sampling=Sampling(temperature=0.5))
    assert parameters_of(request, place).sampling == sent
    assert named(request, place) == ([] if sent.temperature else ["temperature"])


@pytest.mark.parametrize("parameter", MEANING)
def test_meaning_is_refused_while_thinking_only_if_the_client_asks_to_think(parameter: Any) -> None:
    """Some models don't think by default. Then the parameter is sent, and a provider that refuses it says so."""
    place = deployment(thinking=frozenset({parameter, "temperature"}))
    unsaid = parameters_of(request_of(**MEANING[parameter]), place)
    assert unsaid.refused == {"temperature"}
    off = request_of(**MEANING[parameter], reasoning=Reasoning(enabled=False))
    assert parameters_of(off, place).refused == frozenset()
    with pytest.raises(Unsupported, match=parameter):
        parameters_of(request_of(**MEANING[parameter], reasoning=Reasoning(effort="low")), place)


def test_a_wire_may_refuse_what_the_model_takes() -> None:
    request = request_of(sampling=Sampling(temperature=0.5))
    parameters = parameters_of(request, deployment(), frozenset({"temperature"}))
    left = Defaults(max_tokens=256, top_p=0.9)
    assert parameters == Parameters(request, left, frozenset({"temperature"}), (Change("temperature"),))
