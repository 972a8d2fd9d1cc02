"""What Turnout understands of the usage that a provider tells, by each way in which a reply of its wire comes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from msgspec import Raw

from tests.support.replies import sse
from turnout.core import (
    ChatRequest,
    EmbeddingRequest,
    ImageRequest,
    SpeechRequest,
    StreamEvent,
    TranscriptionRequest,
    Usage,
    UsageSoFar,
    WireBody,
)
from turnout.providers import Decoder, Operation, WireProvider, registry

from .relaying import relay_of

Reply = dict[str, Any]
"""The fields of a reply: its usage, and what else tells of it."""

UNARY: Final = ChatRequest(model="m", messages=())
STREAMED: Final = ChatRequest(model="m", messages=(), stream=True, stream_usage=True)
_RESPONSES: Final = {"model": Raw(b'"m"'), "input": Raw(b'"a"')}
_MESSAGE: Final = {"id": "1", "type": "message", "role": "assistant", "model": "m", "stop_sequence": None}
_PICTURE: Final = {"b64_json": "QQ=="}


def usage_told(wire: str, reply: Reply) -> Usage:
    """The usage at the end of a reply. All ways have to tell the same."""
    usages = [_last_usage(decoder, data) for decoder, data in _WAYS[wire](reply)]
    assert usages
    assert all(usage == usages[0] for usage in usages), usages
    return usages[0]


def _last_usage(decoder: Decoder, data: bytes) -> Usage:
    events: list[StreamEvent] = [*decoder.feed(data), *decoder.close()]
    told = [event.usage for event in events if isinstance(event, UsageSoFar)]
    assert told, events
    return told[-1]


def _provider(name: str) -> WireProvider:
    provider = registry()[name]
    assert isinstance(provider, WireProvider)
    return provider


def _each_way(operation: Operation[Any], whole: bytes, stream: bytes) -> Iterator[tuple[Decoder, bytes]]:
    for request, data in ((UNARY, whole), (STREAMED, stream)):
        yield operation.decoder(request), data
        yield relay_of(operation, request), data


def _anthropic(reply: Reply) -> Iterator[tuple[Decoder, bytes]]:
    usage = reply["usage"]
    whole = _MESSAGE | {"content": [{"type": "text", "text": "a"}], "stop_reason": "end_turn", "usage": usage}
    first = {name: value for name, value in usage.items() if name != "iterations"} | {"output_tokens": 1}
    start: Reply = _MESSAGE | {"content": [], "stop_reason": None, "usage": first}
    last = {name: value for name, value in usage.items() if isinstance(value, int) or name in _AT_THE_END}
    stream = sse(
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "a"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": last},
        {"type": "message_stop"},
        named=True,
    )
    return _each_way(_provider("anthropic"), json.dumps(whole).encode(), stream)


_AT_THE_END: Final = ("iterations", "server_tool_use", "output_tokens_details")
"""What of the usage ``message_delta`` has beside the counts."""


def _chat(reply: Reply) -> Iterator[tuple[Decoder, bytes]]:
    head = {"id": "1", "model": "m", "created": 1}
    choice: dict[str, Any] = {"index": 0, "finish_reason": "stop"}
    whole = head | {"choices": [choice | {"message": {"role": "assistant", "content": "a"}}]} | reply
    piece = head | {"choices": [choice | {"delta": {"content": "a"}}]}
    stream = sse(piece, head | {"choices": []} | reply) + b"data: [DONE]\n\n"
    return _each_way(_provider("openai"), json.dumps(whole).encode(), stream)


def _responses(reply: Reply) -> Iterator[tuple[Decoder, bytes]]:
    response = {"id": "1", "object": "response", "status": "completed", "output": []} | reply
    asked = ChatRequest(model="m", messages=(), raw=WireBody("openai-responses", _RESPONSES))
    streamed = ChatRequest(model="m", messages=(), stream=True, raw=WireBody("openai-responses", _RESPONSES))
    operation = _provider("openai").operation(asked)
    yield relay_of(operation, asked), json.dumps(response).encode()
    yield relay_of(operation, streamed), sse({"type": "response.completed", "response": response}, named=True)


def _gemini(reply: Reply) -> Iterator[tuple[Decoder, bytes]]:
    candidate = {"content": {"role": "model", "parts": [{"text": "a"}]}, "finishReason": "STOP"}
    whole = {"candidates": [candidate | reply.get("candidate", {})], "usageMetadata": reply["usageMetadata"]}
    provider = _provider("gemini")
    return _each_way(provider, json.dumps(whole).encode(), sse(whole))


def _ollama(reply: Reply) -> Iterator[tuple[Decoder, bytes]]:
    whole = {
        "model": "m",
        "message": {"role": "assistant", "content": "a"},
        "done": True,
        "done_reason": "stop",
    } | reply
    line = json.dumps(whole).encode() + b"\n"
    return _each_way(_provider("ollama"), line, line)


def _embeddings(reply: Reply) -> Iterator[tuple[Decoder, bytes]]:
    request = EmbeddingRequest(model="m", inputs=("a",))
    whole = {"data": [{"index": 0, "embedding": [0.5]}], "model": "m"} | reply
    operation = _provider("openai").operation(request)
    yield operation.decoder(request), json.dumps(whole).encode()
    yield relay_of(operation, request), json.dumps(whole).encode()


def _gemini_embeddings(reply: Reply) -> Iterator[tuple[Decoder, bytes]]:
    request = EmbeddingRequest(model="m", inputs=("a",))
    whole = {"embeddings": [{"values": [0.5]}]} | reply
    yield _provider("gemini").operation(request).decoder(request), json.dumps(whole).encode()


def _images(reply: Reply) -> Iterator[tuple[Decoder, bytes]]:
    request = ImageRequest(model="m", prompt="a")
    whole = json.dumps({"created": 1, "data": [_PICTURE]} | reply).encode()
    operation = _provider("openai").operation(request)
    yield operation.decoder(request), whole
    yield relay_of(operation, request), whole


def _transcription(reply: Reply) -> Iterator[tuple[Decoder, bytes]]:
    request = TranscriptionRequest(model="m", audio=b"RIFF", file_name="a.wav")
    whole = json.dumps({"text": "a"} | reply).encode()
    operation = _provider("openai").operation(request)
    yield operation.decoder(request), whole
    yield relay_of(operation, request), whole


def _speech(reply: Reply) -> Iterator[tuple[Decoder, bytes]]:
    """Nothing is told. ``reply`` has the text to speak."""
    request = SpeechRequest(model="m", text=reply["input"], voice="alloy")
    operation = _provider("openai").operation(request)
    yield operation.decoder(request), b"\0\1"


_WAYS: Final = {
    "anthropic": _anthropic,
    "chat": _chat,
    "responses": _responses,
    "gemini": _gemini,
    "ollama": _ollama,
    "embeddings": _embeddings,
    "gemini-embeddings": _gemini_embeddings,
    "images": _images,
    "transcription": _transcription,
    "speech": _speech,
}
