"""Anthropic counts a request itself: its own client's unchanged, another client's translated."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import Raw, structs

from tests.support.anthropic_wire import PROVIDER, deployment
from tests.support.contract import ENDPOINTS
from tests.support.fitting import told, wire_request
from tests.support.relaying import relay_of
from turnout.core import (
    Audio,
    ChatRequest,
    CountRequest,
    Failure,
    Message,
    Product,
    Relayed,
    Sampling,
    StreamEvent,
    Text,
    TokenCount,
    Tool,
    WireBody,
    WireRequest,
)
from turnout.dialects import HERE
from turnout.errors import Unsupported, UpstreamBroken
from turnout.facts import traits_of
from turnout.providers import Decoder, Operation

CHAT = ChatRequest(
    model="fast",
    messages=(Message("system", (Text("Be brief."),)), Message("user", (Text("Hello"),))),
    tools=(Tool("f"),),
    sampling=Sampling(temperature=0.5),
    stop=("END",),
)
TRANSLATED = CountRequest(model="fast", chat=CHAT)
OWN = CountRequest(
    model="fast",
    chat=CHAT,
    raw=WireBody(
        "anthropic-count",
        {"model": Raw(b'"fast"'), "messages": Raw(b"[ ]"), "new_field": Raw(b"1")},
        headers={"anthropic-beta": "b1", "anthropic-version": "2023-01-01"},
    ),
)


def sent(request: CountRequest) -> WireRequest:
    return wire_request(PROVIDER, request, deployment())


def operation(request: CountRequest = TRANSLATED) -> Operation[Any]:
    return PROVIDER.operation(request)


def read(decoder: Decoder, body: bytes) -> list[StreamEvent]:
    return [*decoder.feed(body), *decoder.close()]


def test_only_what_is_counted_is_sent() -> None:
    counted = sent(TRANSLATED)
    assert counted.url == "https://api.anthropic.com/v1/messages/count_tokens"
    assert (counted.headers["x-api-key"], counted.headers["anthropic-version"]) == ("sk-ant-test", "2023-06-01")
    body = json.loads(counted.body)
    assert sorted(body) == ["messages", "model", "system", "tools"]
    assert body["model"] == "claude-haiku-4-5"


def test_a_clients_own_request_is_passed_on() -> None:
    counted = wire_request(PROVIDER, OWN, deployment(api_key=None))
    assert counted.body == b'{"model":"claude-haiku-4-5","messages":[ ],"new_field":1}'
    assert (counted.headers["anthropic-beta"], counted.headers["anthropic-version"]) == ("b1", "2023-01-01")
    assert "x-api-key" not in counted.headers


@pytest.mark.parametrize(
    ("model", "thinking", "right", "names"),
    [
        ("claude-haiku-4-5", {"type": "adaptive"}, {"type": "enabled", "budget_tokens": 4096}, []),
        ("claude-opus-4-8", {"type": "enabled", "budget_tokens": 9000}, {"type": "adaptive"}, []),
        ("claude-3-5-haiku", {"type": "adaptive"}, None, ["thinking: left out"]),
        ("claude-opus-4-8", {"type": "adaptive"}, {"type": "adaptive"}, []),
        ("my-model", {"type": "adaptive"}, {"type": "adaptive"}, []),
    ],
)
def test_the_kind_of_thinking_is_the_models(model: str, thinking: Any, right: Any, names: list[str]) -> None:
    fields = {"model": "fast", "messages": [{"role": "user", "content": "hi"}], "thinking": thinking}
    request = ENDPOINTS["anthropic-count"].parse(json.dumps(fields).encode(), HERE)
    counted = wire_request(PROVIDER, request, deployment(model=model, traits=traits_of(model)))
    assert json.loads(counted.body).get("thinking") == right
    assert told(counted) == names


def test_features_of_the_client_and_of_the_deployment_are_one_list() -> None:
    counted = wire_request(PROVIDER, OWN, deployment(headers={"anthropic-beta": "b1,b2"}))
    assert counted.headers["anthropic-beta"] == "b1,b2"


def test_a_request_is_fitted_before_it_is_counted() -> None:
    recording = Message("user", (Audio("", "wav"),))
    request = CountRequest(model="fast", chat=ChatRequest(model="fast", messages=(recording,)))
    with pytest.raises(Unsupported):
        sent(request)
    unknown = structs.replace(CHAT, sampling=Sampling(seed=1), metadata={"a": "b"})
    assert told(sent(CountRequest(model="fast", chat=unknown))) == ["seed: left out", "metadata: left out"]


def test_the_count_is_the_providers() -> None:
    body = b'{"input_tokens": 12, "more": 1}'
    assert read(operation().decoder(TRANSLATED), body) == [Product(TokenCount(tokens=12, source="reported"))]
    assert read(relay_of(operation(), OWN), body) == [Relayed(body)]


@pytest.mark.parametrize("kind", ["decoder", "relay"])
def test_an_error_in_a_reply_of_success_is_a_failure(kind: str) -> None:
    body = b'{"type":"error","error":{"type":"overloaded_error","message":"Busy."}}'
    (failure,) = read(getattr(operation(), kind)(TRANSLATED), body)
    assert isinstance(failure, Failure)
    assert failure.message.endswith("Busy.")


@pytest.mark.parametrize("kind", ["decoder", "relay"])
@pytest.mark.parametrize("body", [b"{}", b"<html>", b'{"input_tokens":"x"}'], ids=["empty", "a page", "no number"])
def test_what_is_no_count_is_told_as_broken(kind: str, body: bytes) -> None:
    with pytest.raises(UpstreamBroken):
        read(getattr(operation(), kind)(TRANSLATED), body)
