"""A step may change a request's messages: the change reaches every provider, also one on the client's own wire."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from tests.support.asgi import InProcess, in_process
from tests.support.contract import BODIES, CHATS, ON_WIRES, deployment
from turnout.core import ChatRequest, Message, Text, with_messages
from turnout.dialects import Endpoint
from turnout.engine import Call
from turnout.gateway import Gateway

SECRET, MASK = "the code is 1234", "the code is ****"
OTHER = (Message("user", (Text("something else"),)),)


@pytest.mark.parametrize("endpoint", CHATS.values(), ids=lambda endpoint: endpoint.wire)
def test_no_provider_relays_a_request_with_other_messages(endpoint: Endpoint[Any, Any]) -> None:
    fields, target = BODIES[endpoint.wire]
    request = with_messages(endpoint.parse(json.dumps(fields).encode(), target), OTHER)
    for provider in ON_WIRES.values():
        operation = provider.operation(request)
        assert request.raw is not None
        assert request.raw.wire != operation.wire
        body = operation.build(request, deployment(provider)).body.decode()
        assert "something else" in body
        assert "Hell" not in body


class Masking:
    """A step that hides a number from the model."""

    def __call__(self, call: Call) -> Call:
        request = call.request
        if not isinstance(request, ChatRequest):
            return call
        return structs.replace(call, request=with_messages(request, tuple(map(_masked, request.messages))))


def _masked(message: Message) -> Message:
    parts = [Text(part.text.replace("1234", "****")) if isinstance(part, Text) else part for part in message.parts]
    return structs.replace(message, parts=tuple(parts))


@pytest.fixture(scope="module")
async def app(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[InProcess]:
    """A gateway whose row of steps ends with ``Masking``."""
    own_row = Gateway._row_of_steps
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Gateway, "_row_of_steps", lambda gateway: (*own_row(gateway), Masking()))
        folder: Path = tmp_path_factory.mktemp("masking")
        async with in_process(folder, {"models": {"echo": "echo/echo"}}) as served:
            yield served


async def test_the_model_gets_the_changed_messages(app: InProcess) -> None:
    body = {"model": "echo", "messages": [{"role": "user", "content": SECRET}]}
    answer = await app.ask("POST", "/v1/chat/completions", body)
    assert answer.json["choices"][0]["message"]["content"] == MASK


async def test_a_conversation_with_changed_messages_can_be_continued(app: InProcess) -> None:
    first = await app.ask("POST", "/v1/responses", {"model": "echo", "input": SECRET})
    assert first.json["output"][0]["content"][0]["text"] == MASK
    more = {"model": "echo", "input": f"again, {SECRET}", "previous_response_id": first.json["id"]}
    second = await app.ask("POST", "/v1/responses", more)
    assert second.status == 200, second.json
    assert second.json["output"][0]["content"][0]["text"] == f"again, {MASK}"
