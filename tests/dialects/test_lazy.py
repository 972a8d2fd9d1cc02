"""A request is read no further than its way needs, on every wire."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from tests.support.contract import BODIES, CHATS, ON_WIRES, deployment
from tests.support.whole_requests import read_whole
from turnout.core import ChatRequest, EmbeddingRequest, Image, Text, UnreadList, readable, whole
from turnout.dialects import HERE, Endpoint, Target, endpoint_at, lazy
from turnout.dialects.halves import without_halves
from turnout.errors import InvalidRequest, Unreadable
from turnout.providers import WireProvider

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
GEMINI = Target(model="models/m", query="alt=sse")


def encoded(fields: Any) -> bytes:
    return json.dumps(fields).encode()


@pytest.mark.parametrize("endpoint", CHATS.values(), ids=lambda endpoint: endpoint.wire)
def test_a_long_request_is_the_same_as_a_short_one(
    endpoint: Endpoint[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    fields, target = BODIES[endpoint.wire]
    at_once: ChatRequest = endpoint.parse(encoded(fields), target)
    monkeypatch.setattr(lazy, "SHORT", 0)
    later: ChatRequest = endpoint.parse(encoded(fields), target)
    assert at_once.unread is None
    assert whole(later) == at_once
    assert (list(later.messages), list(later.tools)) == (list(at_once.messages), list(at_once.tools))
    assert (later.model, later.stream, later.raw) == (at_once.model, at_once.stream, at_once.raw)


OTHERS: dict[str, tuple[str, dict[str, Any], Target]] = {
    # https://platform.claude.com/docs/en/api/messages
    "anthropic-block": ("/v1/messages", {"messages": [{"role": "user", "content": [{"type": "x", "y": 1}, 5]}]}, HERE),
    "anthropic-role": ("/v1/messages", {"max_tokens": 5, "messages": [{"role": "critic", "content": "x"}]}, HERE),
    "anthropic-setting": ("/v1/messages", {"messages": [{"role": "user", "content": "x"}], "top_k": "few"}, HERE),
    "anthropic-thinking": ("/v1/messages", {"messages": [], "thinking": {"type": "enabled"}, "max_tokens": 9}, HERE),
    "anthropic-tool": ("/v1/messages", {"messages": [], "tools": [7], "max_tokens": 9}, HERE),
    # https://platform.openai.com/docs/api-reference/responses/create
    "responses-picture": ("/v1/responses", {"input": [{"type": "image_generation_call", "id": "ig_1"}]}, HERE),
    "responses-item": ("/v1/responses", {"input": [{"type": "message", "role": "critic", "content": "x"}]}, HERE),
    "responses-tool": ("/v1/responses", {"input": "x", "tools": [{"type": 5}]}, HERE),
    "responses-format": ("/v1/responses", {"input": "x", "text": {"format": {"type": "grammar"}}}, HERE),
    "responses-nothing": ("/v1/responses", {}, HERE),
    # https://docs.ollama.com/api/chat
    "ollama-think": ("/api/chat", {"messages": [{"role": "user", "content": "x"}], "think": "ultra"}, HERE),
    "ollama-role": ("/api/chat", {"messages": [{"role": "control", "content": "thinking"}]}, HERE),
    "ollama-image": ("/api/chat", {"messages": [{"role": "user", "content": "x", "images": ["./a.png"]}]}, HERE),
    "ollama-options": ("/api/chat", {"messages": [], "options": {"num_predict": "all"}}, HERE),
    "ollama-format": ("/api/generate", {"prompt": "x", "format": 5}, HERE),
    # https://ai.google.dev/api/generate-content
    "gemini-role": ("/v1beta/{model}:streamGenerateContent", {"contents": [{"role": "critic"}]}, GEMINI),
    "gemini-part": ("/v1beta/{model}:streamGenerateContent", {"contents": [{"parts": ["x"]}]}, GEMINI),
    "gemini-config": (
        "/v1beta/{model}:streamGenerateContent",
        {"contents": [{"parts": [{"text": "x"}]}], "generationConfig": {"topK": "few"}},
        GEMINI,
    ),
    # https://docs.vllm.ai/en/latest/serving/openai_compatible_server/
    "completions-prompt": ("/v1/completions", {"prompt": {"prompt_token_ids": [1]}}, HERE),
    "completions-logprobs": ("/v1/completions", {"prompt": "x", "logprobs": 50}, HERE),
    "embeddings-objects": ("/v1/embeddings", {"input": [{"text": "x"}, {"image": "https://example.com/a.png"}]}, HERE),
    "embeddings-messages": ("/v1/embeddings", {"messages": [{"role": "user", "content": "x"}]}, HERE),
    "embeddings-format": ("/v1/embeddings", {"input": "x", "encoding_format": "ubinary"}, HERE),
    "ollama-embed": ("/api/embed", {"input": [["x"]]}, HERE),
    "gemini-embed": ("/v1beta/{model}:embedContent", {"content": {"parts": []}}, GEMINI),
}


def on_wire(endpoint: Endpoint[Any, Any], request: Any) -> WireProvider:
    return next(provider for provider in ON_WIRES.values() if provider.operation(request).wire == endpoint.wire)


@pytest.mark.parametrize(("path", "fields", "target"), OTHERS.values(), ids=OTHERS)
def test_other_wires_pass_on_what_only_their_providers_know(path: str, fields: Any, target: Target) -> None:
    endpoint = endpoint_at(path)
    body = encoded({"model": "m", **fields})
    request = endpoint.parse(body, target)
    assert request.raw is not None
    sent = {name: msgspec.json.decode(value) for name, value in request.raw.fields.items()}
    assert sent == {"model": "m", **fields}
    with pytest.raises(Unreadable):
        read_whole(endpoint, body, target)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/v1/responses", "/v1/completions"])
@pytest.mark.parametrize("fields", [{}, {"model": 5}, {"model": ""}, {"model": "m", "stream": "yes"}])
def test_the_model_and_the_stream_are_always_needed(path: str, fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        endpoint_at(path).parse(encoded(fields | {"messages": 7, "input": {}, "prompt": {}, "max_tokens": []}))
    assert not isinstance(caught.value, Unreadable)
    assert caught.value.param in ("model", "stream")


@pytest.mark.parametrize("path", ["/v1/embeddings", "/api/embed", "/api/embeddings"])
def test_embeddings_need_a_model(path: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        endpoint_at(path).parse(b'{"input":{}}')
    assert caught.value.param == "model"


def test_nobody_knows_how_many_inputs_unread_ones_are() -> None:
    request: EmbeddingRequest = endpoint_at("/v1/embeddings").parse(b'{"model":"m","input":[{}]}')
    assert request.number is None
    sound: EmbeddingRequest = endpoint_at("/v1/embeddings").parse(b'{"model":"m","input":["a","b"]}')
    assert sound.number == 2


def test_settings_that_can_be_read_are_read() -> None:
    fields = {"messages": 7, "temperature": 9, "top_p": 0.5, "user": "u", "max_tokens": -1, "stop": "x", "new": 1}
    request: ChatRequest = endpoint_at("/v1/chat/completions").parse(encoded({"model": "m", **fields}))
    assert (request.sampling.temperature, request.sampling.top_p) == (None, 0.5)
    assert (request.user, request.max_output, request.stop) == ("u", None, ("x",))
    assert request.extensions == {"openai": {"new": msgspec.Raw(b"1")}}


def test_what_can_be_seen_of_a_request_that_can_not_be_read() -> None:
    """Its messages keep their numbers, and so do their parts."""
    content = [
        {"type": "video_url", "video_url": {"url": "data:video/mp4;base64," + "A" * 1000}},
        {"type": "text", "text": "look"},
        {"type": "image_url", "image_url": "data:image/png;base64," + PNG},
        {"type": "image_url", "image_url": "https://example.com/a.png"},
    ]
    fields = {"model": "m", "messages": [{"role": "wizard", "content": "hi"}, {"role": "user", "content": content}]}
    request: ChatRequest = endpoint_at("/v1/chat/completions").parse(encoded(fields))
    first, second = readable(request).messages
    assert Text("hi") in first.parts
    assert Text("look") in [Text(part.text.removeprefix("text\n")) for part in second.parts if isinstance(part, Text)]
    assert second.parts[2] == Image(data=PNG, media_type="image/png")
    assert "A" * 100 not in str(second)
    assert isinstance(request.messages, UnreadList)


SVG = "image/svg+xml"
HALF = "cut \ud83d"


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
def test_half_an_emoji_is_a_character_that_can_not_be_read(path: str) -> None:
    body = encoded({"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": HALF}], "user\udc00": 1})
    request: ChatRequest = endpoint_at(path).parse(body)
    assert whole(request).messages[0].parts == (Text("cut \ufffd"),)
    assert request.raw is not None
    assert "cut" in bytes(request.raw.fields["messages"]).decode()


@pytest.mark.parametrize("wire", ["openai-chat", "anthropic-messages", "gemini", "ollama"])
def test_a_relay_reads_no_message(wire: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lazy, "SHORT", 0)
    fields, target = BODIES[wire]
    request = CHATS[wire].parse(encoded(fields), target)

    def read_now(self: object) -> Any:
        raise AssertionError("a relay needs no message")

    monkeypatch.setattr(type(request.unread), "rest", read_now)
    provider = on_wire(CHATS[wire], request)
    assert provider.build(request, deployment(provider)).body
    provider.relay(request)  # type: ignore[attr-defined]  # all of these have one


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        pytest.param(rb"\ud83d\ude00", rb"\ud83d\ude00", id="a-pair"),
        pytest.param(rb"\uD83D\uDE00", rb"\uD83D\uDE00", id="a-pair-in-capitals"),
        pytest.param(rb"\ud83d", rb"\ufffd", id="a-high-half"),
        pytest.param(rb"\uDE00x", rb"\ufffdx", id="a-low-half"),
        pytest.param(rb"\ud83d\ud83d\ude00", rb"\ufffd\ud83d\ude00", id="a-half-and-a-pair"),
        pytest.param(rb"\ude00\ud83d", rb"\ufffd\ufffd", id="the-wrong-order"),
        pytest.param(rb"\\ud83d", rb"\\ud83d", id="an-escaped-backslash"),
        pytest.param(rb"\\\ud83d", rb"\\\ufffd", id="a-half-after-a-backslash"),
        pytest.param(rb"\u00e4\n", rb"\u00e4\n", id="other-escapes"),
    ],
)
def test_only_halves_are_replaced(text: bytes, mended: bytes) -> None:
    assert without_halves(b'"' + text + b'"') == b'"' + mended + b'"'


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("/v1/chat/completions", {"type": "image_url", "image_url": {"url": "data:image/svg+xml;base64,PHN2Zz4="}}),
        (
            "/v1/messages",
            {"type": "image", "source": {"type": "base64", "media_type": "image/svg+xml", "data": "PHN2"}},
        ),
    ],
)
def test_data_that_is_no_image_is_seen_as_one_so_that_it_is_refused(path: str, part: dict[str, Any]) -> None:
    content = [{"type": "text", "text": "look"}, part]
    fields = {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": content}]}
    request: ChatRequest = endpoint_at(path).parse(encoded(fields))
    seen = readable(request).messages[0].parts[1]
    assert isinstance(seen, Image)
    assert seen.media_type == "image/svg+xml"
