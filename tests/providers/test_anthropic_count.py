"""Anthropic counts a request itself: its own client's unchanged, another client's translated."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import Raw

from tests.support.anthropic_wire import PROVIDER, deployment
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
)
from turnout.errors import Unsupported, UpstreamBroken
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


def operation(request: CountRequest = TRANSLATED) -> Operation[Any]:
    return PROVIDER.operation(request)


def read(decoder: Decoder, body: bytes) -> list[StreamEvent]:
    return [*decoder.feed(body), *decoder.close()]


def test_only_what_is_counted_is_sent() -> None:
    sent = operation().build(TRANSLATED, deployment())
    assert sent.url == "https://api.anthropic.com/v1/messages/count_tokens"
    assert (sent.headers["x-api-key"], sent.headers["anthropic-version"]) == ("sk-ant-test", "2023-06-01")
    body = json.loads(sent.body)
    assert sorted(body) == ["messages", "model", "system", "tools"]
    assert body["model"] == "claude-haiku-4-5"


def test_a_clients_own_request_is_passed_on() -> None:
    sent = operation(OWN).build(OWN, deployment(api_key=None))
    assert sent.body == b'{"model":"claude-haiku-4-5","messages":[ ],"new_field":1}'
    assert (sent.headers["anthropic-beta"], sent.headers["anthropic-version"]) == ("b1", "2023-01-01")
    assert "x-api-key" not in sent.headers


def test_features_of_the_client_and_of_the_deployment_are_one_list() -> None:
    sent = operation(OWN).build(OWN, deployment(headers={"anthropic-beta": "b1,b2"}))
    assert sent.headers["anthropic-beta"] == "b1,b2"


def test_what_the_wire_has_not_is_refused() -> None:
    recording = Message("user", (Audio("", "wav"),))
    request = CountRequest(model="fast", chat=ChatRequest(model="fast", messages=(recording,)))
    with pytest.raises(Unsupported):
        operation(request).build(request, deployment())


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
