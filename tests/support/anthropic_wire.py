"""Streams on Anthropic's wire as the real service frames them, and short ways to use the rooms of this wire."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

from anthropic.types import MessageCreateParams
from pydantic import TypeAdapter

from tests.support.fitting import wire_request
from turnout.core import Answer, ChatRequest, Deployment, Relayed, Secret, StreamEvent, WireRequest, fold
from turnout.dialects import ReplyContext
from turnout.dialects.anthropic import DIALECTS
from turnout.providers import Decoder
from turnout.providers.anthropic import PROVIDERS

(DIALECT,) = DIALECTS
ENDPOINT = DIALECT.endpoints[0]
ASKED = ChatRequest(model="fast", messages=())
(PROVIDER,) = PROVIDERS
CONTEXT = ReplyContext(request_id="req_1", model="fast", created=1_790_000_000)
STREAMED = ChatRequest(model="m", messages=(), stream=True)
UNARY = ChatRequest(model="m", messages=())
_PARAMS: TypeAdapter[Any] = TypeAdapter(MessageCreateParams)

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def deployment(**changes: Any) -> Deployment:
    fields: dict[str, Any] = {
        "id": "d",
        "provider": "anthropic",
        "model": "claude-haiku-4-5",
        "api_key": Secret("sk-ant-test"),
        "key_source": "ANTHROPIC_API_KEY",
    }
    return Deployment(**fields | changes)


def sent(request: ChatRequest, to: Deployment | None = None) -> WireRequest:
    """The fitted request as it goes to Anthropic, with all changes."""
    return wire_request(PROVIDER, request, to or deployment())


def sent_body(request: ChatRequest, to: Deployment | None = None) -> dict[str, Any]:
    """The body that is sent, which the SDK's types accept."""
    body: dict[str, Any] = json.loads(sent(request, to).body)
    without_sampling = {name: value for name, value in body.items() if name not in ("temperature", "top_p", "top_k")}
    _PARAMS.validate_python({"stream": False, **without_sampling})
    return body


def sse(*events: dict[str, Any], line_end: str = "\n") -> bytes:
    """As Anthropic frames them: an event line, a data line, a blank line."""
    frames = [f"event: {event['type']}{line_end}data: {json.dumps(event)}{line_end}{line_end}" for event in events]
    return "".join(frames).encode()


def message_start(**changes: Any) -> dict[str, Any]:
    message: dict[str, Any] = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-4-5",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 12, "output_tokens": 1},
    }
    return {"type": "message_start", "message": message | changes}


def block_start(index: int, block: dict[str, Any]) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": block}


def block_delta(index: int, kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **fields}}


def block_stop(index: int) -> dict[str, Any]:
    return {"type": "content_block_stop", "index": index}


def message_delta(stop_reason: str, usage: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    delta = {"stop_reason": stop_reason, "stop_sequence": None, **changes}
    return {"type": "message_delta", "delta": delta, "usage": usage or {"output_tokens": 30}}


MESSAGE_STOP = {"type": "message_stop"}


def whole_stream(*events: dict[str, Any], stop_reason: str = "end_turn") -> bytes:
    return sse(message_start(), *events, message_delta(stop_reason), MESSAGE_STOP)


def read(decoder: Decoder, data: bytes, *cuts: int) -> list[StreamEvent]:
    """The events of ``data``, fed in the pieces that ``cuts`` make of it."""
    events: list[StreamEvent] = []
    bounds = [0, *sorted(cuts), len(data)]
    for start, end in pairwise(bounds):
        events += decoder.feed(data[start:end])
    return events + decoder.close()


def streamed_answer(data: bytes) -> Answer:
    return fold(read(PROVIDER.decoder(STREAMED), data))


def unary_answer(data: bytes) -> Answer:
    return fold(read(PROVIDER.decoder(UNARY), data))


def relayed_bytes(events: list[StreamEvent]) -> bytes:
    return b"".join(event.data for event in events if isinstance(event, Relayed))


def frames(stream: bytes) -> list[dict[str, Any]]:
    """The events of a stream, whose names have to be those in their data."""
    events = []
    for frame in stream.decode().removesuffix("\n\n").split("\n\n"):
        name, data = frame.split("\n")
        event = json.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        events.append(event)
    return events
