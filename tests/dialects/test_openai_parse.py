"""A Chat Completions request becomes the core's conversation. Fields that the core doesn't have are kept by name."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import Raw

from tests.support.openai_wire import ENDPOINT, PNG, request_body
from tests.support.whole_requests import read_whole
from turnout.core import (
    Audio,
    ChatRequest,
    File,
    Image,
    Message,
    Output,
    Part,
    Reasoning,
    Refusal,
    Sampling,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from turnout.errors import InvalidRequest

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
ARGUMENTS = '{"b":1.0, "a":100000000000000000000}'
CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": ARGUMENTS}}


def parse(**fields: Any) -> ChatRequest:
    return read_whole(ENDPOINT, request_body(**fields))


def raw(value: Any) -> Raw:
    """The value as it is in a body that ``json.dumps`` wrote."""
    return Raw(json.dumps(value).encode())


def parsed(message: dict[str, Any]) -> Message:
    """The last message of a conversation of two."""
    return parse(messages=[{"role": "user", "content": "hi"}, message]).messages[1]


def test_what_is_not_said_is_not_made_up() -> None:
    request = parse()
    assert request.raw is not None
    assert request == ChatRequest(model="fast", messages=(Message("user", (Text("hi"),)),), raw=request.raw)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        pytest.param({"role": "system", "content": "Be brief."}, Message("system", (Text("Be brief."),)), id="system"),
        pytest.param(
            {"role": "system", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
            Message("system", (Text("a"), Text("b"))),
            id="system-in-parts",
        ),
        pytest.param(
            {"role": "developer", "content": "Be brief.", "name": "boss"},
            Message("system", (Text("Be brief."),), "boss", {"openai": {"role": Raw(b'"developer"')}}),
            id="developer",
        ),
        pytest.param({"role": "user", "content": ""}, Message("user", (Text(""),)), id="empty-text"),
        pytest.param(
            {"role": "user", "content": "a\u0000b 👋🏽 \U0001f9d1", "name": "eve"},
            Message("user", (Text("a\u0000b 👋🏽 \U0001f9d1"),), "eve"),
            id="odd-characters",
        ),
        pytest.param({"role": "assistant", "content": "Yes."}, Message("assistant", (Text("Yes."),)), id="assistant"),
        pytest.param(
            {"role": "assistant", "content": None, "refusal": "No."},
            Message("assistant", (Refusal("No."),)),
            id="refused",
        ),
        pytest.param(
            {"role": "assistant", "content": [{"type": "text", "text": "a"}, {"type": "refusal", "refusal": "No."}]},
            Message("assistant", (Text("a"), Refusal("No."))),
            id="refusal-as-a-part",
        ),
        pytest.param(
            {"role": "assistant", "content": "Yes.", "reasoning_content": "hm"},
            Message("assistant", (Thinking("hm"), Text("Yes."))),
            id="reasoning",
        ),
        pytest.param(
            {"role": "assistant", "content": "Let me see.", "tool_calls": [CALL, CALL | {"id": "call_2"}]},
            Message(
                "assistant",
                (
                    Text("Let me see."),
                    ToolCall("call_1", "f", ARGUMENTS),
                    ToolCall("call_2", "f", ARGUMENTS),
                ),
            ),
            id="parallel-calls-keep-their-json",
        ),
        pytest.param(
            {"role": "tool", "tool_call_id": "call_1", "content": "rain"},
            Message("tool", (ToolResult("call_1", (Text("rain"),)),)),
            id="tool",
        ),
        pytest.param(
            {
                "role": "tool",
                "tool_call_id": "call_1",
                "content": [
                    {"type": "text", "text": "seen"},
                    {"type": "image_url", "image_url": {"url": "https://x.test/a.png"}},
                ],
            },
            Message("tool", (ToolResult("call_1", (Text("seen"), Image(url="https://x.test/a.png"))),)),
            id="tool-in-parts",
        ),
    ],
)
def test_messages(message: dict[str, Any], expected: Message) -> None:
    assert parsed(message) == expected


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        pytest.param({"type": "text", "text": "a"}, Text("a"), id="text"),
        pytest.param(
            {"type": "image_url", "image_url": {"url": "https://x.test/a.png", "detail": "low"}},
            Image(url="https://x.test/a.png", detail="low"),
            id="image-url",
        ),
        pytest.param(
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
            Image(data=PNG, media_type="image/png"),
            id="inline-image",
        ),
        pytest.param(
            {"type": "input_audio", "input_audio": {"data": "UklG", "format": "wav"}}, Audio("UklG", "wav"), id="audio"
        ),
        pytest.param(
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBE", "filename": "a.pdf"}},
            File(data="JVBE", media_type="application/pdf", name="a.pdf"),
            id="inline-file",
        ),
        pytest.param(
            {"type": "file", "file": {"file_data": "JVBE", "filename": "a.pdf"}},
            File(data="JVBE", name="a.pdf"),
            id="inline-file-of-unknown-type",
        ),
        pytest.param({"type": "file", "file": {"file_id": "file-1"}}, File(file_id="file-1"), id="uploaded-file"),
    ],
)
def test_what_a_user_says(part: dict[str, Any], expected: Part) -> None:
    assert parsed({"role": "user", "content": [part]}).parts == (expected,)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({"max_tokens": 5}, {"max_output": 5}, id="max-tokens"),
        pytest.param({"max_completion_tokens": 7}, {"max_output": 7}, id="max-completion-tokens"),
        pytest.param({"max_tokens": 5, "max_completion_tokens": 7}, {"max_output": 7}, id="the-newer-limit-wins"),
        pytest.param({"stop": "\n"}, {"stop": ("\n",)}, id="one-stop-sequence"),
        pytest.param({"stop": ["a", "b"]}, {"stop": ("a", "b")}, id="stop-sequences"),
        pytest.param({"stop": None}, {"stop": ()}, id="no-stop-sequence"),
        pytest.param({"n": 3}, {"n": 3}, id="choices"),
        pytest.param({"stream": True}, {"stream": True}, id="stream"),
        pytest.param({"stream": False}, {}, id="no-stream"),
        pytest.param(
            {"stream": True, "stream_options": {"include_usage": True}},
            {"stream": True, "stream_usage": True},
            id="usage-in-the-stream",
        ),
        pytest.param({"stream": True, "stream_options": None}, {"stream": True}, id="null-stream-options"),
        pytest.param({"user": "eve", "metadata": {"a": "b"}}, {"user": "eve", "metadata": {"a": "b"}}, id="labels"),
        pytest.param({"parallel_tool_calls": False}, {"parallel_tool_calls": False}, id="one-call-at-a-time"),
        pytest.param({"reasoning_effort": "low"}, {"reasoning": Reasoning(effort="low")}, id="effort"),
        pytest.param(
            {"reasoning_effort": "none"}, {"reasoning": Reasoning(enabled=False, effort="none")}, id="no-reasoning"
        ),
        pytest.param({"response_format": {"type": "text"}}, {}, id="text-output"),
        pytest.param({"response_format": {"type": "json_object"}}, {"output": Output("json")}, id="json-output"),
        pytest.param(
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "city", "schema": SCHEMA, "strict": True, "description": "A city."},
                }
            },
            {"output": Output("json_schema", raw(SCHEMA), "city", True, "A city.")},
            id="output-by-schema",
        ),
        pytest.param(
            {
                "temperature": 0,
                "top_p": 1,
                "top_k": -1,
                "seed": -(2**63),
                "presence_penalty": -2,
                "frequency_penalty": 2,
                "logprobs": True,
                "top_logprobs": 20,
            },
            {
                "sampling": Sampling(
                    temperature=0,
                    top_p=1,
                    top_k=-1,
                    seed=-(2**63),
                    presence_penalty=-2,
                    frequency_penalty=2,
                    logprobs=True,
                    top_logprobs=20,
                )
            },
            id="sampling-at-its-bounds",
        ),
    ],
)
def test_settings(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    request = parse(**fields)
    plain = ChatRequest(model="fast", messages=(Message("user", (Text("hi"),)),), raw=request.raw, **expected)
    assert request == plain


def test_tools_keep_their_schema_as_it_came() -> None:
    spec = {"name": "f", "description": "Does it.", "parameters": {"x": 1.0, "a": 10**20}, "strict": True}
    request = parse(tools=[{"type": "function", "function": spec}, {"type": "function", "function": {"name": "g"}}])
    assert request.tools[0] == Tool("f", "Does it.", raw(spec["parameters"]), True)
    assert request.tools[1] == Tool("g")
    assert request.extensions is None


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        pytest.param("auto", ToolChoice("auto"), id="auto"),
        pytest.param("none", ToolChoice("none"), id="none"),
        pytest.param("required", ToolChoice("required"), id="required"),
        pytest.param({"type": "function", "function": {"name": "f"}}, ToolChoice("tool", "f"), id="by-name"),
    ],
)
def test_tool_choice(choice: Any, expected: ToolChoice) -> None:
    assert parse(tool_choice=choice).tool_choice == expected


@pytest.mark.parametrize(
    "field",
    [
        pytest.param({"from_the_future": {"a": [1.0]}}, id="unknown-field"),
        pytest.param({"modalities": ["text", "audio"]}, id="field-of-openai-alone"),
    ],
)
def test_what_no_other_wire_can_say_is_kept_and_named(field: dict[str, Any]) -> None:
    ((name, value),) = field.items()
    assert parse(**field).extensions == {"openai": {name: raw(value)}}


def test_an_unknown_field_that_is_null_asks_for_nothing() -> None:
    assert parse(from_the_future=None, service_tier=None).extensions is None


def test_the_body_is_kept_field_by_field() -> None:
    """Bytes and order stay: numbers too large for a float, spaces, escapes. Of a repeated key, the last value stays."""
    body = (
        b'{ "seed": 1, "model":"a","x":{"b": 1.000, "a":123456789012345678901234567890},\n'
        b'"messages":[{"role":"user","content":"\\u00e9\\/"}],"y":1E400,"model": "b" }'
    )
    request = read_whole(ENDPOINT, body)
    assert request.model == "b"
    assert request.raw is not None
    assert request.raw.wire == "openai-chat"
    assert {name: bytes(value) for name, value in request.raw.fields.items()} == {
        "seed": b"1",
        "model": b'"b"',
        "x": b'{"b": 1.000, "a":123456789012345678901234567890}',
        "messages": b'[{"role":"user","content":"\\u00e9\\/"}]',
        "y": b"1E400",
    }


@pytest.mark.parametrize(
    ("part", "file"),
    [
        pytest.param(
            {"type": "video_url", "video_url": {"url": "https://x.test/a.webm?v=1"}},
            File(url="https://x.test/a.webm?v=1", media_type="video/webm"),
            id="video",
        ),
        pytest.param(
            {"type": "video_url", "video_url": {"url": "https://www.youtube.com/watch?v=1"}},
            File(url="https://www.youtube.com/watch?v=1", media_type="video/mp4"),
            id="youtube",
        ),
        pytest.param(
            {"type": "video_url", "video_url": {"url": "data:video/mp4;base64,AAAA"}},
            File(data="AAAA", media_type="video/mp4"),
            id="video-data",
        ),
        pytest.param(
            {"type": "document_url", "document_url": "https://x.test/a.pdf", "document_name": "a"},
            File(url="https://x.test/a.pdf", media_type="application/pdf", name="a"),
            id="document",
        ),
        pytest.param(
            {"type": "file", "file": {"file_data": "https://x.test/a.pdf", "filename": "a.pdf"}},
            File(url="https://x.test/a.pdf", name="a.pdf"),
            id="an-address-is-no-base64",
        ),
    ],
)
def test_files_by_address(part: dict[str, Any], file: File) -> None:
    (message,) = parse(messages=[{"role": "user", "content": [part]}]).messages
    assert message.parts == (file,)


@pytest.mark.parametrize("url", ["ftp://x.test/a.mp4", "http://[::1/a.mp4"])
def test_a_video_needs_an_address_that_can_be_read(url: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse(messages=[{"role": "user", "content": [{"type": "video_url", "video_url": {"url": url}}]}])
    assert caught.value.param == "messages[0].content[0].video_url"
