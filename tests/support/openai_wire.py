"""Replies on OpenAI's wire as its servers frame them, and short ways to use the rooms of this wire."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from turnout.core import Answer, ChatRequest, Deployment, Relayed, Secret, StreamEvent, fold
from turnout.dialects import ReplyContext
from turnout.dialects.openai import DIALECTS
from turnout.providers import Decoder
from turnout.providers.openai import PROVIDERS

(DIALECT,) = DIALECTS
ENDPOINT = DIALECT.endpoints[0]
ASKED = ChatRequest(model="fast", messages=())
VENDORS = {provider.name: provider for provider in PROVIDERS}
PROVIDER = VENDORS["openai"]
CONTEXT = ReplyContext(request_id="req_1", model="fast", created=1_790_000_000)
STREAMED = ChatRequest(model="m", messages=(), stream=True, stream_usage=True)
UNARY = ChatRequest(model="m", messages=())
DONE = b"data: [DONE]\n\n"
USAGE = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def deployment(**changes: Any) -> Deployment:
    fields: dict[str, Any] = {
        "id": "d",
        "provider": "openai",
        "model": "gpt-4o-mini",
        "base_url": "https://api.openai.com/v1",
        "api_key": Secret("sk-test"),
        "key_source": "OPENAI_API_KEY",
    }
    return Deployment(**fields | changes)


def request_body(**fields: Any) -> bytes:
    """A request body, without the fields that are ``...``."""
    whole = {"model": "fast", "messages": [{"role": "user", "content": "hi"}]} | fields
    return json.dumps({name: value for name, value in whole.items() if value is not ...}).encode()


def chunk(*choices: dict[str, Any], **changes: Any) -> dict[str, Any]:
    whole = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_780_000_000, "model": "gpt-4o-mini"}
    return whole | {"choices": list(choices)} | changes


def delta(index: int = 0, finish: str | None = None, **fields: Any) -> dict[str, Any]:
    """One choice of a chunk."""
    return {"index": index, "delta": fields, "logprobs": None, "finish_reason": finish}


def call_piece(index: int | None, call_id: str | None = None, name: str | None = None, arguments: str = "") -> Any:
    """A piece of a tool call; None leaves a field out."""
    function = {"arguments": arguments} if name is None else {"name": name, "arguments": arguments}
    piece: dict[str, Any] = {"index": index, "id": call_id, "function": function}
    return {field: value for field, value in piece.items() if value is not None}


def sse(*chunks: dict[str, Any], line_end: str = "\n") -> bytes:
    frames = [f"data: {json.dumps(chunk, ensure_ascii=False)}{line_end}{line_end}" for chunk in chunks]
    return "".join(frames).encode()


def completion(*choices: dict[str, Any], **changes: Any) -> bytes:
    whole = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1_780_000_000, "model": "gpt-4o-mini"}
    return json.dumps(whole | {"choices": list(choices), "usage": USAGE} | changes).encode()


def choice(index: int = 0, finish: str | None = "stop", **message: Any) -> dict[str, Any]:
    return {"index": index, "message": {"role": "assistant", "content": None} | message, "finish_reason": finish}


def read(decoder: Decoder, data: bytes, cuts: Iterable[int] = ()) -> list[StreamEvent]:
    """The events of ``data``, fed in the pieces that ``cuts`` make of it."""
    bounds = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    events: list[StreamEvent] = []
    for a, b in pairwise(bounds):
        events += decoder.feed(data[a:b])
    return events + decoder.close()


def streamed(*chunks: dict[str, Any]) -> list[StreamEvent]:
    return read(PROVIDER.decoder(STREAMED), sse(*chunks) + DONE)


def streamed_answer(*chunks: dict[str, Any]) -> Answer:
    return fold(streamed(*chunks))


def unary_answer(body: bytes) -> Answer:
    return fold(read(PROVIDER.decoder(UNARY), body))


def relayed_bytes(events: Iterable[StreamEvent]) -> bytes:
    return b"".join(event.data for event in events if isinstance(event, Relayed))


def chunks_of(stream: bytes) -> list[dict[str, Any]]:
    """The chunks of a stream, whose framing has to be OpenAI's."""
    frames = stream.decode().removesuffix("\n\n").split("\n\n")
    assert all(frame.startswith("data: ") for frame in frames)
    return [json.loads(frame[6:]) for frame in frames if frame != "data: [DONE]"]
