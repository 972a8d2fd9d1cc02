"""A parameter that a model refuses reaches it on no wire: neither translated nor in a client's own JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import structs

from tests.core.test_parameters import HINTS, MEANING
from tests.support.contract import (
    BODIES,
    ENDPOINTS,
    ON_WIRES,
    chat_request,
    deployment,
    each_wire_provider,
    leaf_values,
)
from tests.support.fitting import told, wire_request
from turnout.core import ChatRequest, Defaults, Parameter, Sampling, Tool, Traits, WireRequest
from turnout.dialects import HERE
from turnout.errors import Unsupported
from turnout.providers import Operation, WireProvider

TOOLS = (Tool("zebra"),)
CAMEL = {
    "temperature": 0.5,
    "topP": 0.25,
    "topK": 3,
    "seed": 4,
    "presencePenalty": 0.125,
    "frequencyPenalty": 0.75,
}
ONLY_SAMPLING = {"temperature": 0.5, "top_p": 0.25}
TOOL = {"name": "f", "input_schema": {"type": "object"}}

HINTS_ON_A_WIRE: dict[str, tuple[str, dict[str, Any]]] = {
    "openai-chat": ("openai-chat", HINTS),
    "openai-completions": ("openai-completions", HINTS),
    "openai-responses": ("openai-responses", ONLY_SAMPLING),
    "anthropic-messages": ("anthropic-messages", ONLY_SAMPLING | {"top_k": 3}),
    "gemini": ("gemini", {"generationConfig": CAMEL}),
    "gemini-snake-case": ("gemini", {"generation_config": HINTS}),
    "ollama": ("ollama", {"options": HINTS}),
    "ollama-generate": ("ollama-generate", {"options": HINTS}),
    "llamacpp-completion": ("llamacpp-completion", HINTS),
}
"""The client's fields with every hint that the wire has."""

MEANING_ON_A_WIRE: dict[str, list[tuple[Parameter, dict[str, Any], dict[str, Any]]]] = {
    "openai-chat": [
        ("logprobs", {"logprobs": True}, {"logprobs": False}),
        ("top_logprobs", {"logprobs": True, "top_logprobs": 2}, {"top_logprobs": None}),
        ("n", {"n": 2}, {"n": 1}),
        ("stop", {"stop": ["END"]}, {"stop": []}),
        ("logit_bias", {"logit_bias": {"5": 1}}, {"logit_bias": {}}),
    ],
    "openai-completions": [
        ("n", {"n": 2}, {"n": 1}),
        ("stop", {"stop": "END"}, {"stop": None}),
        ("logit_bias", {"logit_bias": {"5": 1}}, {"logit_bias": {}}),
    ],
    "openai-responses": [
        ("top_logprobs", {"top_logprobs": 2}, {"top_logprobs": 0}),
    ],
    "anthropic-messages": [("stop", {"stop_sequences": ["END"]}, {"stop_sequences": []})],
    "gemini": [
        (
            "logprobs",
            {"generationConfig": {"responseLogprobs": True}},
            {"generationConfig": {"responseLogprobs": False}},
        ),
        ("n", {"generationConfig": {"candidateCount": 2}}, {"generationConfig": {"candidateCount": 1}}),
        ("stop", {"generationConfig": {"stopSequences": ["END"]}}, {"generationConfig": {"stopSequences": []}}),
    ],
    "ollama": [
        ("logprobs", {"logprobs": True}, {"logprobs": False}),
        ("stop", {"options": {"stop": ["END"]}}, {"options": {"stop": []}}),
    ],
    "llamacpp-completion": [
        ("logprobs", {"n_probs": 2}, {"n_probs": 0}),
        ("stop", {"stop": ["END"]}, {"stop": []}),
        ("logit_bias", {"logit_bias": [[5, 1]]}, {"logit_bias": []}),
    ],
}
MEANINGS = [(wire, *case) for wire, cases in MEANING_ON_A_WIRE.items() for case in cases]


def operation(wire: str) -> tuple[Operation[Any], WireProvider]:
    """The operation that relays a client's chat on ``wire``, and a provider that has it."""
    for provider in ON_WIRES.values():
        found = provider.operation(parse(wire, {}))
        if found.wire == wire:
            return found, provider
    raise AssertionError(f"no provider relays {wire}")


def parse(wire: str, fields: dict[str, Any]) -> ChatRequest:
    body, target = BODIES.get(wire, ({"model": "fast", "prompt": "Hellö"}, HERE))
    request = ENDPOINTS[wire].parse(json.dumps(body | fields).encode(), target)
    assert isinstance(request, ChatRequest)
    return request


def relayed_request(wire: str, fields: dict[str, Any], *refused: Parameter) -> WireRequest:
    relaying, provider = operation(wire)
    place = structs.replace(deployment(provider), traits=Traits(refuses=frozenset(refused)))
    return relaying.build(parse(wire, fields), place)


def relayed(wire: str, fields: dict[str, Any], *refused: Parameter) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(relayed_request(wire, fields, *refused).body)
    return body


def same_parameter(name: str, parameter: str) -> bool:
    return name.replace("_", "").lower() == parameter.replace("_", "")


@pytest.mark.parametrize(
    ("provider", "hint"),
    [
        pytest.param(provider, hint, id=f"{hint}-{name}")
        for name, provider in ON_WIRES.items()
        for hint in HINTS
        if hint in provider.support.knobs
    ],
)
def test_a_translated_request_leaves_a_refused_hint_out(provider: WireProvider, hint: Any) -> None:
    request = chat_request(sampling=structs.replace(Sampling(), **{hint: HINTS[hint]}))
    assert HINTS[hint] in set(leaf_values(built(provider, request)))
    assert built(provider, request, hint) == built(provider, chat_request())
    assert told(wired(provider, request, hint)) == [f"{hint}: left out"]


@each_wire_provider
def test_a_refused_default_is_not_sent(provider: WireProvider) -> None:
    defaults = Defaults(temperature=0.5, top_p=0.25)
    assert {0.5} <= {*leaf_values(built(provider, chat_request(), defaults=defaults))}
    assert not {0.5, 0.25} & {*leaf_values(built(provider, chat_request(), "temperature", "top_p", defaults=defaults))}


@each_wire_provider
@pytest.mark.parametrize("parameter", MEANING)
def test_a_translated_request_that_needs_a_refused_parameter_is_refused(provider: WireProvider, parameter: Any) -> None:
    with pytest.raises(Unsupported) as caught:
        built(provider, chat_request(tools=TOOLS, **MEANING[parameter]), parameter)
    assert caught.value.param == parameter


def wired(provider: WireProvider, request: ChatRequest, *refused: Parameter, **fields: Any) -> WireRequest:
    place = structs.replace(deployment(provider), traits=Traits(refuses=frozenset(refused)), **fields)
    return wire_request(provider, request, place)


def built(provider: WireProvider, request: ChatRequest, *refused: Parameter, **fields: Any) -> Any:
    return json.loads(wired(provider, request, *refused, **fields).body)


@pytest.mark.parametrize(("wire", "fields"), HINTS_ON_A_WIRE.values(), ids=HINTS_ON_A_WIRE)
def test_a_relayed_body_loses_each_refused_hint_and_nothing_else(wire: str, fields: dict[str, Any]) -> None:
    whole = relayed(wire, fields)
    place, named = next(iter(fields.items()))
    nested = isinstance(named, dict)
    sent = whole[place] if nested else whole
    for name in named if nested else fields:
        hint: Any = next(hint for hint in HINTS if same_parameter(name, hint))
        without = {key: value for key, value in sent.items() if key != name}
        assert relayed(wire, fields, hint) == (whole | {place: without} if nested else without)
        assert told(relayed_request(wire, fields, hint)) == [f"{hint}: left out"]


@pytest.mark.parametrize(
    ("wire", "parameter", "needed", "idle"), MEANINGS, ids=[f"{wire}-{parameter}" for wire, parameter, *_ in MEANINGS]
)
def test_a_relayed_body_that_needs_a_refused_parameter_is_refused(
    wire: str, parameter: Parameter, needed: dict[str, Any], idle: dict[str, Any]
) -> None:
    with pytest.raises(Unsupported) as caught:
        relayed(wire, needed, parameter)
    assert caught.value.param == parameter
    (name, value), *_ = idle.items()
    kept, lost = relayed(wire, idle), relayed(wire, idle, parameter)
    if isinstance(value, dict) and wire in ("gemini", "ollama"):
        kept, lost = kept[name], lost[name]
        (name,) = value
    assert name in kept
    assert name not in lost


@pytest.mark.parametrize("wire", ["openai-chat", "openai-responses"])
@pytest.mark.parametrize("said", [True, False])
def test_how_many_tools_are_called_at_once_is_a_hint(wire: str, said: bool) -> None:
    fields = {"parallel_tool_calls": said}
    assert relayed(wire, fields)["parallel_tool_calls"] is said
    assert relayed(wire, fields, "parallel_tool_calls") == relayed(wire, {})
    assert told(relayed_request(wire, fields, "parallel_tool_calls")) == ["parallel_tool_calls: left out"]


@pytest.mark.parametrize("said", [True, False])
def test_anthropics_choice_of_a_tool_loses_only_the_switch(said: bool) -> None:
    fields = {"tools": [TOOL], "tool_choice": {"type": "auto", "disable_parallel_tool_use": said}}
    assert relayed("anthropic-messages", fields, "parallel_tool_calls")["tool_choice"] == {"type": "auto"}
    sent = relayed_request("anthropic-messages", fields, "parallel_tool_calls")
    assert told(sent) == ["parallel_tool_calls: left out"]


@pytest.mark.parametrize(
    ("wire", "fields", "limit"),
    [
        ("openai-chat", {"max_tokens": 5}, {"max_completion_tokens": 5}),
        ("openai-chat", {"max_tokens": 5, "max_completion_tokens": 7}, {"max_completion_tokens": 7}),
        ("openai-completions", {"max_tokens": 5}, {"max_tokens": 5}),
        ("openai-responses", {"max_output_tokens": 5}, {"max_output_tokens": 5}),
        ("llamacpp-completion", {"n_predict": 5}, {"n_predict": 5}),
    ],
)
def test_a_limit_goes_under_the_name_that_the_model_takes(
    wire: str, fields: dict[str, Any], limit: dict[str, int]
) -> None:
    body = relayed(wire, fields, "max_tokens")
    names = ("max_tokens", "max_completion_tokens", "max_output_tokens", "n_predict")
    assert {name: body[name] for name in names if name in body} == limit
