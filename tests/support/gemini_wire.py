"""Short ways to use the rooms of Gemini's wire. Replies are read by the types of Google's SDK."""

from __future__ import annotations

import json
from typing import Any

from google.genai import types as sdk
from msgspec import Raw

from tests.support.whole_requests import read_whole
from turnout.core import ChatRequest, Deployment, Extensions, Relayed, Secret, StreamEvent
from turnout.dialects import ReplyContext, Target, registry
from turnout.dialects.gemini.parse import Body

DIALECT = registry()["gemini"]
UNARY, STREAM, EMBED, BATCH_EMBED, COUNT = DIALECT.endpoints
CONTEXT = ReplyContext(request_id="req_1", model="fast", created=1_790_000_000)
TARGET = Target("models/fast", "alt=sse")
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
SIGNED: Extensions = {"gemini": {"thoughtSignature": Raw(b'"c2ln"')}}


def encoded(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def raw(value: Any) -> Raw:
    return Raw(encoded(value))


def turn(*parts: dict[str, Any], role: str = "user") -> dict[str, Any]:
    return {"role": role, "parts": list(parts)}


def parse(*contents: dict[str, Any], **fields: Any) -> ChatRequest:
    """A request for a stream; its contents are a greeting unless ``fields`` has others."""
    body = {"contents": list(contents) or [turn({"text": "hi"})]} | fields
    request: ChatRequest = read_whole(STREAM, encoded(body), TARGET)
    return request


def streamed_request(*, as_array: bool = False) -> ChatRequest:
    return ChatRequest(model="fast", messages=(), stream=True, raw=Body("gemini", {}, as_array=as_array))


def deployment(**fields: Any) -> Deployment:
    usual: dict[str, Any] = {"id": "d", "provider": "gemini", "model": "gemini-2.5-flash", "api_key": Secret("k")}
    return Deployment(**usual | fields)


def chunks(stream: bytes, *, as_array: bool = False) -> list[dict[str, Any]]:
    """The replies in a stream, each of which Google's own types take."""
    if as_array:
        replies: list[dict[str, Any]] = json.loads(stream)
    else:
        *frames, rest = stream.split(b"\n\n")
        assert rest == b""
        assert all(frame.startswith(b"data: ") and b"\n" not in frame for frame in frames)
        replies = [json.loads(frame[6:]) for frame in frames]
    for chunk in replies:
        sdk.GenerateContentResponse.model_validate(chunk, strict=False)
    return replies


def relayed(events: list[StreamEvent]) -> bytes:
    return b"".join(event.data for event in events if isinstance(event, Relayed))
