"""Translated replies against the types of the vendors' SDKs: no field is missing, and none is of another type.

Pydantic takes a field that may be null for one that may be missing. So here the missing ones are listed by name: those
that the vendor itself leaves out when they say nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import ollama
import pytest
from anthropic.types import Message as AnthropicMessage
from anthropic.types import RawMessageStreamEvent
from google.genai import types as google
from openai.types import Completion
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import BaseModel, TypeAdapter

from turnout.core import (
    Answer,
    Choice,
    Finish,
    RedactedThinking,
    Refusal,
    Text,
    Thinking,
    TokenLogprob,
    ToolCall,
    Usage,
    unfold,
)
from turnout.core.framing import SSEFramer
from turnout.dialects import ReplyContext, Target, endpoint_at

CONTEXT = ReplyContext(request_id="req_01", model="fast", created=1_790_000_000, received=0.0)
LIKELY = (TokenLogprob("Hi", -0.5, (TokenLogprob("Hi", -0.5), TokenLogprob("Ho", -1.0))),)
PARTS = (Thinking("hm", "c2ln"), RedactedThinking("c2VhbGVk"), Text("Hi"), ToolCall("c1", "f", '{"a": 1}'))
COUNTED = Usage(input=9, cached_input=2, cache_write=1, output=5, reasoning=3)
ANSWERS = {
    "everything": Answer(
        id="a1", model="m", choices=(Choice(0, PARTS, Finish("tool_calls", "x"), LIKELY),), usage=COUNTED
    ),
    "a refusal": Answer(choices=(Choice(0, (Refusal("No."),), Finish("refusal", "refusal")),), usage=COUNTED),
    "nothing": Answer(choices=(Choice(0, (), Finish("stop", "stop")),), usage=Usage()),
}
MESSAGES = [{"role": "user", "content": "hi"}]


class Wire(msgspec.Struct):
    """An endpoint, and the SDK's types of its replies. ``absent`` and ``undeclared`` are paths of fields."""

    path: str
    whole: Any
    event: Any
    body: dict[str, Any]
    absent: set[str]
    undeclared: set[str] = set()


ABSENT_COUNTS = {"completion_tokens_details.text_tokens", "prompt_tokens_details.image_tokens"}
ABSENT_COUNTS |= {"prompt_tokens_details.text_tokens"}
ABSENT_DURATIONS = {"eval_duration", "load_duration", "prompt_eval_duration"}  # only the provider knows them
WIRES = {
    "chat": Wire(
        "/v1/chat/completions",
        ChatCompletion,
        ChatCompletionChunk,
        {"model": "fast", "messages": MESSAGES, "stream_options": {"include_usage": True}},
        absent={
            *("metadata", "moderation", "service_tier", "system_fingerprint"),
            *("choices.message.audio", "choices.message.function_call", "choices.message.tool_calls"),
            *(f"usage.{name}" for name in ABSENT_COUNTS),
        },
        undeclared={
            "choices.native_finish_reason",
            *(f"choices.{place}.reasoning_content" for place in ("message", "delta")),
            *(f"choices.{place}.reasoning_details" for place in ("message", "delta")),
        },
    ),
    "completions": Wire(
        "/v1/completions",
        Completion,
        None,  # its type is that of a whole reply, too: it takes no chunk before the last
        {"model": "fast", "prompt": "hi"},
        absent={"system_fingerprint", *(f"usage.{name}" for name in ABSENT_COUNTS)},
    ),
    "responses": Wire(
        "/v1/responses",
        Response,
        ResponseStreamEvent,
        {"model": "fast", "input": "hi"},
        absent={
            *("access_programs", "conversation", "image", "input_transformations", "moderation", "prompt"),
            *("prompt_cache_diagnostics", "prompt_cache_options", "prompt_cache_retention", "tool_usage"),
            *("output.async_", "output.caller", "output.namespace", "output.phase", "output.status", "output.content"),
            *("reasoning.context", "reasoning.generate_summary", "reasoning.mode", "text.verbosity"),
            "usage.input_tokens_details.cache_write_tokens_details",
        },
        undeclared={"frequency_penalty", "presence_penalty", "store", "name"},  # Open Responses has the first three
    ),
    "anthropic": Wire(
        "/v1/messages",
        AnthropicMessage,
        RawMessageStreamEvent,
        {"model": "fast", "max_tokens": 9, "messages": MESSAGES},
        absent={"diagnostics", "usage.speed", "content.toolset_name"},  # betas
    ),
    "ollama": Wire(
        "/api/chat",
        ollama.ChatResponse,
        ollama.ChatResponse,
        {"model": "fast", "messages": MESSAGES},
        absent={
            *ABSENT_DURATIONS,
            "logprobs",
            *(f"message.{name}" for name in ("images", "thinking", "tool_calls", "tool_name")),
        },
    ),
    "ollama-generate": Wire(
        "/api/generate",
        ollama.GenerateResponse,
        ollama.GenerateResponse,
        {"model": "fast", "prompt": "hi"},
        absent={*ABSENT_DURATIONS, "completed", "context", "image", "logprobs", "thinking", "total"},
    ),
}
ENCLOSED = {"response.": "", "message.": "", "item.": "output.", "content_block.": "content."}
"""Where an event holds what a whole reply has."""


def unset(value: Any, at: str = "") -> Iterator[str]:
    """The path of each field that a model declares and its JSON didn't have."""
    if isinstance(value, list):
        for item in value:
            yield from unset(item, at)
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            if name in value.model_fields_set:
                yield from unset(getattr(value, name), f"{at}{name}.")
            else:
                yield f"{at}{name}"


def extras(value: Any, at: str = "") -> Iterator[str]:
    """The path of each field that a model took without declaring it."""
    if isinstance(value, list):
        for item in value:
            yield from extras(item, at)
    elif isinstance(value, BaseModel):
        yield from (f"{at}{name}" for name in value.model_extra or ())
        for name in type(value).model_fields:
            yield from extras(getattr(value, name), f"{at}{name}.")


def whole(wire: Wire, answer: Answer) -> Any:
    endpoint = endpoint_at(wire.path)
    request = endpoint.parse(json.dumps(wire.body).encode())
    return json.loads(endpoint.body(request, answer, CONTEXT))


def events(wire: Wire, answer: Answer) -> list[Any]:
    endpoint = endpoint_at(wire.path)
    request = endpoint.parse(json.dumps({**wire.body, "stream": True}).encode())
    renderer = endpoint.renderer(request, CONTEXT)
    data = b"".join([renderer.feed([event]) for event in unfold(answer)]) + renderer.close()
    if renderer.media_type == "application/x-ndjson":
        return [json.loads(line) for line in data.splitlines()]
    return [json.loads(event) for _, event in SSEFramer().feed(data) if event != b"[DONE]"]


def as_in_a_whole_reply(path: str) -> str:
    outer = next((outer for outer in ENCLOSED if path.startswith(outer)), None)
    return path if outer is None else ENCLOSED[outer] + path.removeprefix(outer)


each_answer = pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)


@each_answer
@pytest.mark.parametrize("wire", WIRES.values(), ids=WIRES)
def test_a_whole_reply_has_every_field(wire: Wire, answer: Answer) -> None:
    reply = TypeAdapter(wire.whole).validate_python(whole(wire, answer))
    assert {*unset(reply)} - wire.absent == set()
    assert {*extras(reply)} - wire.undeclared == set()


@each_answer
@pytest.mark.parametrize("wire", [wire for wire in WIRES.values() if wire.event], ids=lambda wire: wire.path)
def test_a_streams_events_are_of_their_types(wire: Wire, answer: Answer) -> None:
    adapter = TypeAdapter(wire.event)
    for event in events(wire, answer):
        shown = adapter.validate_python(event)
        assert {as_in_a_whole_reply(path) for path in extras(shown)} - wire.undeclared == set()


@each_answer
@pytest.mark.parametrize("name", ["anthropic", "responses"])
def test_events_have_every_field_of_the_objects_that_they_hold(name: str, answer: Answer) -> None:
    wire = WIRES[name]
    adapter = TypeAdapter(wire.event)
    not_yet = {"output.encrypted_content", "status"}  # before an item's end; a field of the end of arguments
    for event in events(wire, answer):
        missing = {as_in_a_whole_reply(path) for path in unset(adapter.validate_python(event))}
        assert missing - wire.absent - not_yet == set()


@each_answer
def test_geminis_replies_are_of_their_types(answer: Answer) -> None:
    """The SDK's own fields may all be missing, and it refuses unknown ones."""
    endpoint = endpoint_at("/v1beta/{model}:streamGenerateContent")
    body = b'{"contents":[{"parts":[{"text":"hi"}]}]}'
    request = endpoint.parse(body, Target(model="models/fast", query="alt=sse"))
    renderer = endpoint.renderer(request, CONTEXT)
    sent = b"".join([renderer.feed([event]) for event in unfold(answer)]) + renderer.close()
    replies = [endpoint.body(request, answer, CONTEXT), *(data for _, data in SSEFramer().feed(sent))]
    assert len(replies) > 1
    for reply in replies:
        google.GenerateContentResponse.model_validate_json(reply)


@pytest.mark.parametrize("name", WIRES)
@pytest.mark.parametrize("native", ["MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "pause_turn"])
def test_an_end_that_is_not_normal_never_looks_like_one(name: str, native: str) -> None:
    """Every client takes these words for a whole answer, whatever it does with others."""
    wire = WIRES[name]
    answer = Answer(choices=(Choice(0, (Text("Hi"),), Finish("other", native)),), usage=Usage())
    normal = {"stop", "end_turn", "tool_calls", "tool_use", "completed"}
    for reply in (whole(wire, answer), *events(wire, answer)):
        ends = {value for key, value in every_field(reply) if key in ENDS and value is not None}
        assert ends & normal == set()
    assert {value for key, value in every_field(whole(wire, answer)) if key in ENDS} - {None} != set()


ENDS = {"finish_reason", "stop_reason", "done_reason", "status"}


def every_field(value: Any) -> Iterator[tuple[str, Any]]:
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            for name, inner in item.items():
                yield name, inner if isinstance(inner, str) else None
                yield from every_field(inner)
