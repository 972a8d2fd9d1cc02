"""Replies have the fields that the vendors' own SDKs declare, with values of their types, and no other fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import ollama
import pytest
from anthropic.types import Message as AnthropicMessage
from anthropic.types import RawMessageStreamEvent
from google.genai import types as google
from openai.types import (
    Completion,
    CreateEmbeddingResponse,
    ImageEditStreamEvent,
    ImageGenStreamEvent,
    ImagesResponse,
    Model,
)
from openai.types.audio import TranscriptionVerbose
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import CompactedResponse, Response, ResponseStreamEvent
from openai.types.responses.input_token_count_response import InputTokenCountResponse
from pydantic import BaseModel, TypeAdapter

from tests.simulator.raw import ask
from turnout.simulator import Simulator

MODELS = ("sim-cached-thinking", "sim-parallel-tools", "sim-refusal")
"""Together they answer with everything that an answer can have."""

VERSION = {"anthropic-version": "2023-06-01"}
MESSAGES = [{"role": "user", "content": "one two three four"}]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
FUNCTION = {"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}
LIKELY = {"logprobs": True, "top_logprobs": 2}


class Shape(msgspec.Struct):
    """A request, and the SDK's type of the reply or of each event. ``{}`` in ``path`` is the model's place.

    ``undeclared`` are the fields that the vendor has and the SDK does not declare.
    """

    type: Any
    path: str
    body: dict[str, Any] | None = None
    headers: dict[str, str] = {}
    undeclared: set[str] = set()


CHAT = {"messages": MESSAGES, "tools": [FUNCTION], **LIKELY}
ANTHROPIC = {"max_tokens": 99, "messages": MESSAGES, "tools": [{"name": "weather", "input_schema": SCHEMA}]}
GEMINI = {
    "contents": [{"parts": [{"text": "one two three four"}]}],
    "tools": [{"functionDeclarations": [{"name": "weather", "parameters": SCHEMA}]}],
    "generationConfig": {"responseLogprobs": True, "logprobs": 2},
}
RESPONSES = {
    "input": "one two three four",
    "tools": [{"type": "function", "name": "weather", "parameters": SCHEMA}],
    "include": ["message.output_text.logprobs", "reasoning.encrypted_content"],
    "top_logprobs": 2,
}
BYTES = {"logprobs.bytes", "logprobs.top_logprobs.bytes"}
SENT = {"billing", "frequency_penalty", "presence_penalty", "store"}
"""OpenAI sends these, though its SDK's type of a response doesn't have them."""
ANSWERS = {
    "openai": Shape(ChatCompletion, "/v1/chat/completions", CHAT),
    "azure": Shape(ChatCompletion, "/openai/v1/chat/completions", CHAT),
    "vllm": Shape(ChatCompletion, "/vllm/v1/chat/completions", CHAT, undeclared={"choices.message.reasoning"}),
    "llamacpp": Shape(
        ChatCompletion, "/llamacpp/v1/chat/completions", CHAT, undeclared={"choices.message.reasoning_content"}
    ),
    "responses": Shape(Response, "/v1/responses", RESPONSES, undeclared=SENT),
    "anthropic": Shape(AnthropicMessage, "/v1/messages", ANTHROPIC, VERSION),
    "gemini": Shape(google.GenerateContentResponse, "/v1beta/models/{}:generateContent", GEMINI),
    "ollama": Shape(
        ollama.ChatResponse,
        "/api/chat",
        CHAT,
        undeclared={*BYTES, "message.tool_calls.id", "message.tool_calls.function.index"},
    ),
    "ollama-generate": Shape(
        ollama.GenerateResponse, "/api/generate", {"prompt": "one two", **LIKELY}, undeclared=BYTES
    ),
}
STREAMS = {
    "openai": Shape(ChatCompletionChunk, "/v1/chat/completions", CHAT),
    "azure": Shape(ChatCompletionChunk, "/openai/v1/chat/completions", CHAT),
    "vllm": Shape(ChatCompletionChunk, "/vllm/v1/chat/completions", CHAT, undeclared={"choices.delta.reasoning"}),
    "llamacpp": Shape(
        ChatCompletionChunk,
        "/llamacpp/v1/chat/completions",
        {"messages": MESSAGES, "tools": [FUNCTION]},  # it streams no log probabilities beside tools
        undeclared={"choices.delta.reasoning_content"},
    ),
    "responses": Shape(
        ResponseStreamEvent,
        "/v1/responses",
        RESPONSES,
        undeclared={*BYTES, *(f"response.{name}" for name in SENT), "name"},
    ),
    "anthropic": Shape(RawMessageStreamEvent, "/v1/messages", ANTHROPIC, VERSION),
    "gemini": Shape(google.GenerateContentResponse, "/v1beta/models/{}:streamGenerateContent?alt=sse", GEMINI),
    "images": Shape(ImageGenStreamEvent, "/v1/images/generations", {"prompt": "a train"}),
}
FORM = b'--x\r\ncontent-disposition: form-data; name="%b"%b\r\n\r\n%b\r\n'
OTHERS = {
    "completions": Shape(Completion, "/v1/completions", {"model": "sim", "prompt": "one", "logprobs": 2}),
    "embeddings": Shape(CreateEmbeddingResponse, "/v1/embeddings", {"model": "sim", "input": ["one", "two"]}),
    "images": Shape(ImagesResponse, "/v1/images/generations", {"model": "gpt-image-1", "prompt": "a train"}),
    "addresses of images": Shape(ImagesResponse, "/v1/images/generations", {"model": "dall-e-3", "prompt": "a train"}),
    "compaction": Shape(
        CompactedResponse,
        "/v1/responses/compact",
        {"model": "sim", "input": [{"role": "assistant", "content": "one"}]},  # its type doesn't have the user's items
    ),
    "input tokens": Shape(InputTokenCountResponse, "/v1/responses/input_tokens", {"model": "sim", "input": "one two"}),
    "model": Shape(Model, "/v1/models/sim"),
    "gemini embeddings": Shape(
        google.EmbedContentResponse,
        "/v1beta/models/sim:batchEmbedContents",
        {"requests": [{"content": {"parts": [{"text": "one"}]}}]},
    ),
    "ollama embeddings": Shape(ollama.EmbedResponse, "/api/embed", {"model": "sim", "input": "one"}),
    "ollama models": Shape(ollama.ListResponse, "/api/tags", undeclared={"models.name"}),
    "ollama running": Shape(ollama.ProcessResponse, "/api/ps"),
    "ollama model": Shape(ollama.ShowResponse, "/api/show", {"model": "sim"}),
}


def paths(value: Any, at: str = "") -> Iterator[str]:
    """The path of each field, with dots. Lists have no place in it."""
    if isinstance(value, list):
        for item in value:
            yield from paths(item, at)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield f"{at}{name}"
            yield from paths(inner, f"{at}{name}.")


def extras(value: Any, at: str = "") -> Iterator[str]:
    """The path of each field that a model took without declaring it."""
    if isinstance(value, list):
        for item in value:
            yield from extras(item, at)
    elif isinstance(value, BaseModel):
        yield from (f"{at}{name}" for name in value.model_extra or ())
        for name in type(value).model_fields:
            yield from extras(getattr(value, name), f"{at}{name}.")


def undeclared(kind: Any, value: Any) -> set[str]:
    """The fields of ``value`` that the SDK's type does not declare. A value of another type fails."""
    adapter = TypeAdapter(kind)
    model = adapter.validate_python(value)
    known = adapter.dump_python(model, mode="json", by_alias=True, exclude_unset=True)
    return {*extras(model), *paths(value)} - ({*paths(known)} - {*extras(model)})


async def answers_to(simulated: Simulator, shape: Shape, model: str, *, stream: bool) -> list[Any]:
    body = shape.body or {}
    if "{}" not in shape.path:  # Gemini's path says both
        body = {"model": model, "stream": stream, **body}
    if stream and "messages" in body and "max_tokens" not in body:  # not Anthropic's
        body["stream_options"] = {"include_usage": True}
    reply = await ask(simulated.url + shape.path.format(model), body, shape.headers)
    assert (reply.status, reply.end) == (200, "complete")
    return reply.events if stream else [reply.json]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("wire", ANSWERS)
async def test_answers(simulated: Simulator, wire: str, model: str) -> None:
    shape = ANSWERS[wire]
    (answer,) = await answers_to(simulated, shape, model, stream=False)
    assert undeclared(shape.type, answer) <= shape.undeclared


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("wire", STREAMS)
async def test_streams(simulated: Simulator, wire: str, model: str) -> None:
    shape = STREAMS[wire]
    events = await answers_to(simulated, shape, model, stream=True)
    if wire == "azure":
        assert events.pop(0)["prompt_filter_results"][0]["content_filter_results"]["hate"] == {
            "filtered": False,
            "severity": "safe",
        }
    assert len(events) > 1
    for event in events:
        if event.get("type") != "ping":  # Anthropic's, which its SDK skips
            assert undeclared(shape.type, event) <= shape.undeclared


@pytest.mark.parametrize("name", OTHERS)
async def test_other_replies(simulated: Simulator, name: str) -> None:
    shape = OTHERS[name]
    reply = await ask(simulated.url + shape.path, shape.body)
    assert undeclared(shape.type, reply.json) <= shape.undeclared


def form(**fields: bytes) -> tuple[bytes, dict[str, str]]:
    """A form and its header. ``file`` and ``image`` are files."""
    files = {"file": b'; filename="a.wav"', "image": b'; filename="a.png"'}
    pieces = [FORM % (name.encode(), files.get(name, b""), value) for name, value in fields.items()]
    return b"".join([*pieces, b"--x--\r\n"]), {"content-type": "multipart/form-data; boundary=x"}


@pytest.mark.parametrize("granularity", [b"", b"word", b"segment"], ids=["none", "words", "segments"])
async def test_transcripts(simulated: Simulator, granularity: bytes) -> None:
    wished = {"timestamp_granularities[]": granularity} if granularity else {}
    body, header = form(file=b"RIFF", model=b"whisper-1", response_format=b"verbose_json", **wished)
    reply = (await ask(f"{simulated.url}/v1/audio/transcriptions", body, header)).json
    assert undeclared(TranscriptionVerbose, reply) <= {"task"}
    words, segments = reply.pop("words", None), reply.pop("segments", None)
    assert reply == {
        "task": "transcribe",
        "language": "english",
        "duration": 1.5,
        "text": "I heard 4 bytes of a.wav.",
        "usage": {"type": "duration", "seconds": 1.5},
    }
    if granularity == b"word":
        assert [(word["word"], word["start"], word["end"]) for word in words[:2]] == [
            ("I", 0, 0.25),
            ("heard", 0.25, 0.5),
        ]
        assert (len(words), segments) == (6, None)
    else:
        (segment,) = segments
        assert (segment["id"], segment["seek"], segment["start"], segment["end"]) == (0, 0, 0, 1.5)
        assert (segment["text"], words) == (reply["text"], None)


async def test_streams_of_edits(simulated: Simulator) -> None:
    body, header = form(image=b"PNG", prompt=b"red", stream=b"true", model=b"gpt-image-1")
    reply = await ask(f"{simulated.url}/v1/images/edits", body, header)
    assert [undeclared(ImageEditStreamEvent, event) for event in reply.events] == [set(), set()]


LAST: dict[str, Any] = {
    "index": 0,
    "content": "",
    "tokens": [],
    "id_slot": 0,
    "stop": True,
    "model": "simulator",
    "tokens_predicted": 3,
    "tokens_evaluated": 2,
    "generation_settings": {"n_predict": 3},
    "prompt": "one two",
    "has_new_line": False,
    "truncated": False,
    "stop_type": "limit",
    "stopping_word": "",
    "tokens_cached": 5,
    "timings": {
        "prompt_n": 2,
        "prompt_ms": 2,
        "prompt_per_token_ms": 1,
        "prompt_per_second": 1000,
        "predicted_n": 3,
        "predicted_ms": 30,
        "predicted_per_token_ms": 10,
        "predicted_per_second": 100,
    },
}
"""llama.cpp's last event. It has no SDK."""


async def test_llamacpps_completion(simulated: Simulator) -> None:
    asked = {"prompt": "one two", "n_predict": 3}
    assert (await ask(f"{simulated.url}/completion", asked)).json == {**LAST, "content": "You said: one"}
    stream = await ask(f"{simulated.url}/completion", {**asked, "stream": True})
    assert stream.events == [
        *(
            {
                "index": 0,
                "content": word,
                "tokens": [count],
                "stop": False,
                "id_slot": 0,
                "tokens_predicted": count,
                "tokens_evaluated": 2,
            }
            for count, word in enumerate(("You", " said:", " one"), 1)
        ),
        LAST,
    ]


async def test_log_probabilities_without_others(simulated: Simulator) -> None:
    """Nothing lists likely tokens that nobody asked for."""
    responses = {**RESPONSES, "top_logprobs": None}
    gemini = {**GEMINI, "generationConfig": {"responseLogprobs": True}}
    chat = {"messages": MESSAGES, "logprobs": True}
    likely = []
    for wire, body in {"openai": chat, "ollama": chat, "responses": responses, "gemini": gemini}.items():
        shape = msgspec.structs.replace(ANSWERS[wire], body=body)
        (answer,) = await answers_to(simulated, shape, "sim", stream=False)
        likely += [value for name, value in fields(answer) if name in ("top_logprobs", "candidates")]
    words = 6
    assert likely.count([]) == 4 * words
    besides = "Gemini's answers are called candidates, and a response says how many tokens it lists"
    assert len(likely) == 4 * words + 2, besides


def fields(value: Any) -> Iterator[tuple[str, Any]]:
    """Each field's name and value, also those inside."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, Mapping):
            for name, inner in item.items():
                yield name, inner
                yield from fields(inner)


# --- counts ------------------------------------------------------------------------------------------------------


USAGE: dict[str, tuple[str, dict[str, Any]]] = {
    "openai": (
        "usage",
        {
            "prompt_tokens": 14,
            "completion_tokens": 15,
            "total_tokens": 29,
            "prompt_tokens_details": {"cached_tokens": 7, "cache_write_tokens": 3, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": 9,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        },
    ),
    "responses": (
        "usage",
        {
            "input_tokens": 14,
            "input_tokens_details": {"cached_tokens": 7, "cache_write_tokens": 3},
            "output_tokens": 15,
            "output_tokens_details": {"reasoning_tokens": 9},
            "total_tokens": 29,
        },
    ),
    "anthropic": (
        "usage",
        {
            "input_tokens": 4,
            "cache_creation_input_tokens": 3,
            "cache_read_input_tokens": 7,
            "cache_creation": {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 0},
            "output_tokens": 15,
            "output_tokens_details": {"thinking_tokens": 9},
            "service_tier": "standard",
            "inference_geo": "global",
        },
    ),
    "gemini": (
        "usageMetadata",
        {
            "promptTokenCount": 14,
            "candidatesTokenCount": 6,
            "thoughtsTokenCount": 9,
            "cachedContentTokenCount": 7,
            "totalTokenCount": 29,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 14}],
        },
    ),
}


@pytest.mark.parametrize("wire", USAGE)
async def test_usage_is_told_in_full(simulated: Simulator, wire: str) -> None:
    """14 tokens in, of which 7 were cached and 3 written to the cache; 15 out, of which 9 are thinking."""
    field, usage = USAGE[wire]
    (answer,) = await answers_to(simulated, ANSWERS[wire], "sim-cached-thinking", stream=False)
    assert answer[field] == usage


# --- errors ------------------------------------------------------------------------------------------------------


def typed(kind: str, code: Any = None) -> dict[str, Any]:
    return {"type": kind, "code": code, "param": None}


def coded(code: str) -> dict[str, Any]:
    return {"code": code}


ERRORS: dict[str, dict[int, dict[str, Any]]] = {
    "openai": {
        400: typed("invalid_request_error"),
        401: typed("invalid_request_error", "invalid_api_key"),
        403: typed("invalid_request_error", "unsupported_country_region_territory"),
        404: typed("invalid_request_error", "model_not_found"),
        429: typed("requests", "rate_limit_exceeded"),
        500: typed("server_error"),
    },
    "azure": {400: typed("invalid_request_error"), 401: coded("401"), 404: coded("DeploymentNotFound")},
    "vllm": {
        400: typed("BadRequestError", 400),
        404: typed("NotFoundError", 404),
        500: typed("InternalServerError", 500),
    },
    "llamacpp": {
        status: {"code": status, "type": kind}
        for status, kind in {
            400: "invalid_request_error",
            401: "authentication_error",
            403: "permission_error",
            404: "not_found_error",
            500: "server_error",
            501: "not_supported_error",
            503: "unavailable_error",
        }.items()
    },
    "anthropic": {
        status: {"type": kind}
        for status, kind in {
            402: "billing_error",
            422: "invalid_request_error",
            503: "api_error",
            504: "timeout_error",
        }.items()
    },
    "gemini": {
        status: {"code": status, "status": name} for status, name in {418: "UNKNOWN", 504: "DEADLINE_EXCEEDED"}.items()
    },
}


@pytest.mark.parametrize(
    ("wire", "status"), [(wire, status) for wire, statuses in ERRORS.items() for status in statuses]
)
async def test_errors(simulated: Simulator, wire: str, status: int) -> None:
    shape = ANSWERS[wire]
    model = f"sim-status-{status}"
    reply = await ask(simulated.url + shape.path.format(model), {"model": model, **(shape.body or {})}, shape.headers)
    message = {"message": f"The simulator was told to answer {status}."}
    assert (reply.status, reply.json["error"]) == (status, message | ERRORS[wire][status])
