"""An input's tokens are counted with OpenAI's request and reply."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from openai.types.responses import InputTokenCountResponse

from tests.support.openai_wire import CONTEXT, PROVIDER, VENDORS, deployment
from tests.support.whole_requests import read_whole
from turnout.core import CountRequest, Failure, Relayed, Text, TokenCount, whole
from turnout.dialects import Endpoint, endpoint_at
from turnout.errors import Unreadable, Unsupported
from turnout.providers.counts import CountOperation
from turnout.providers.frames import BodyReader

ENDPOINT: Endpoint[CountRequest, TokenCount] = endpoint_at("/v1/responses/input_tokens")


def count(**fields: Any) -> CountRequest:
    return ENDPOINT.parse(json.dumps({"model": "fast", "input": "Hello", **fields}).encode())


def relaying() -> BodyReader:
    operation = PROVIDER.operation(count())
    assert isinstance(operation, CountOperation)
    return operation.relay(count())


def test_what_is_counted_is_a_request_for_an_answer() -> None:
    request = read_whole(ENDPOINT, b'{"model":"m","input":"Hello","instructions":"Be brief.","stream":true}')
    assert [message.parts for message in request.chat.messages] == [(Text("Be brief."),), (Text("Hello"),)]
    assert (request.model, request.stream, request.chat.stream, request.chat.raw) == ("m", False, False, None)


def test_it_is_passed_on_as_it_came() -> None:
    request = count(tools=[{"type": 5}])
    sent = PROVIDER.operation(request).build(request, deployment(model="gpt-5"))
    assert sent.url == "https://api.openai.com/v1/responses/input_tokens"
    assert msgspec.json.decode(sent.body) == {"model": "gpt-5", "input": "Hello", "tools": [{"type": 5}]}
    with pytest.raises(Unreadable):
        whole(request)


def test_vendors_without_it_leave_it_to_turnout() -> None:
    with pytest.raises(Unsupported):
        VENDORS["vllm"].operation(count())
    with pytest.raises(Unsupported):
        PROVIDER.operation(count()).build(msgspec.structs.replace(count(), raw=None), deployment())


def test_a_count_is_read_and_passed_on() -> None:
    relay = relaying()
    body = b'{"object":"response.input_tokens","input_tokens":11}'
    assert [*relay.feed(body), *relay.close()] == [Relayed(body)]


def test_an_error_in_place_of_a_count() -> None:
    relay = relaying()
    (failure,) = [*relay.feed(b'{"error":{"message":"No.","code":"x"}}'), *relay.close()]
    assert isinstance(failure, Failure)
    assert failure.message == "No."


def test_the_reply_is_the_sdks() -> None:
    body = ENDPOINT.body(count(), TokenCount(tokens=11, source="exact"), CONTEXT)
    assert InputTokenCountResponse.model_validate_json(body).input_tokens == 11
