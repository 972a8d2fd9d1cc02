"""A Messages request becomes the canonical conversation, and loses nothing on the way."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest
from msgspec import Raw

from tests.support.anthropic_wire import ENDPOINT, PNG
from tests.support.whole_requests import read_whole
from turnout.core import (
    ChatRequest,
    File,
    HostedTool,
    Image,
    Message,
    Output,
    Part,
    Reasoning,
    RedactedThinking,
    Sampling,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    WebSearch,
    WireBody,
)
from turnout.dialects.anthropic import anthropic_bodies as wire

HELLO = [{"role": "user", "content": "Hello"}]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}

PROGRAM = {"type": "code_execution_20250825", "tool_id": "s1"}


def encoded(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def raw(value: Any) -> Raw:
    return Raw(encoded(value))


def parse(**fields: Any) -> ChatRequest:
    body = {"model": "fast", "max_tokens": 100, "messages": HELLO} | fields
    return read_whole(ENDPOINT, encoded(body))


def parsed_part(block: dict[str, Any], role: str = "user") -> Part:
    (message,) = parse(messages=[{"role": role, "content": [block]}]).messages
    (part,) = message.parts
    return part


RAN: dict[str, Any] = {
    "type": "bash_code_execution_tool_result",
    "tool_use_id": "s1",
    "content": {"type": "x", "stdout": "five", "stderr": "a warning", "return_code": 0, "content": [{"file_id": "f"}]},
}


def foreign(block: dict[str, Any], words: str = "") -> Text:
    return Text(words, {"anthropic": {"block": raw(block)}})


def test_a_small_request_is_its_model_message_and_limit() -> None:
    request = parse()
    assert request.model == "fast"
    assert request.messages == (Message("user", (Text("Hello"),)),)
    assert request.max_output == 100
    assert request.extensions is None
    assert not request.stream


def test_the_bodys_own_fields_are_kept_byte_for_byte() -> None:
    body = b'{"model" :"fast", "messages":[ {"role":"user","content":"hi"}],"max_tokens":5,"new":{"a" : 1.0e2}}'
    request = read_whole(ENDPOINT, body)
    assert request.raw == WireBody(
        "anthropic-messages",
        {
            "model": Raw(b'"fast"'),
            "messages": Raw(b'[ {"role":"user","content":"hi"}]'),
            "max_tokens": Raw(b"5"),
            "new": Raw(b'{"a" : 1.0e2}'),
        },
        form=wire.Body,
    )
    assert request.extensions == {"anthropic": {"new": Raw(b'{"a" : 1.0e2}')}}


FOUND: dict[str, Any] = {
    "type": "search_result",
    "source": "s",
    "title": "t",
    "content": [{"type": "text", "text": "So it is."}],
}
KEPT_WHOLE: dict[str, dict[str, Any]] = {
    "uploaded-image": {"type": "image", "source": {"type": "file", "file_id": "file_1"}},
    "custom-document": {"type": "document", "source": {"type": "content", "content": "x"}},
    "unknown-block": {"type": "from_the_future", "value": 1.0},
}


@pytest.mark.parametrize(
    ("block", "part"),
    [
        pytest.param({"type": "text", "text": "hi"}, Text("hi"), id="text"),
        pytest.param(
            {"type": "text", "text": "hi", "cache_control": {"type": "ephemeral"}},
            Text("hi", {"anthropic": {"cache_control": raw({"type": "ephemeral"})}}),
            id="text-with-cache-marker",
        ),
        pytest.param(
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
            Image(data=PNG, media_type="image/png"),
            id="image-base64",
        ),
        pytest.param(
            {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
            Image(url="https://example.com/a.png"),
            id="image-url",
        ),
        pytest.param(
            {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}},
            File(data="JVBERi0=", media_type="application/pdf"),
            id="pdf-base64",
        ),
        pytest.param(
            {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": "Grüße"},
                "title": "Brief",
                "citations": {"enabled": True},
            },
            File(
                data=b64encode("Grüße".encode()).decode(),
                media_type="text/plain",
                name="Brief",
                extensions={"anthropic": {"citations": raw({"enabled": True})}},
            ),
            id="plain-text-document",
        ),
        pytest.param(
            {"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}},
            File(url="https://example.com/a.pdf"),
            id="document-url",
        ),
        pytest.param(
            {"type": "document", "source": {"type": "file", "file_id": "file_1"}},
            File(file_id="file_1"),
            id="uploaded-document",
        ),
        pytest.param(FOUND, foreign(FOUND, "t\ns\nSo it is."), id="kept-whole-search-result"),
        *[pytest.param(block, foreign(block), id=f"kept-whole-{name}") for name, block in KEPT_WHOLE.items()],
    ],
)
def test_what_a_user_says(block: dict[str, Any], part: Part) -> None:
    assert parsed_part(block) == part


@pytest.mark.parametrize(
    ("block", "part"),
    [
        pytest.param(
            {"type": "thinking", "thinking": "hm", "signature": "sig"}, Thinking("hm", "sig"), id="signed-thinking"
        ),
        pytest.param({"type": "redacted_thinking", "data": "opaque"}, RedactedThinking("opaque"), id="redacted"),
        pytest.param(
            {"type": "tool_use", "id": "t1", "name": "f", "input": {"b": 1.0, "a": 10**20}},
            ToolCall("t1", "f", '{"b":1.0,"a":100000000000000000000}'),
            id="tool-use-keeps-its-json",
        ),
        pytest.param(
            {"type": "tool_use", "id": "t1", "name": "f", "input": {}, "caller": PROGRAM},
            ToolCall("t1", "f", "{}", {"anthropic": {"caller": raw(PROGRAM)}}),
            id="tool-use-with-caller",
        ),
        pytest.param(
            {"type": "tool_use", "id": "t1", "name": "f", "input": {}, "caller": {"type": "direct"}},
            ToolCall("t1", "f", "{}"),
            id="tool-use-of-the-model-itself",
        ),
        pytest.param({"type": "text", "text": "a", "citations": None}, Text("a"), id="text-without-citations"),
        pytest.param(
            {"type": "server_tool_use", "id": "s1", "name": "code_execution", "input": {}},
            foreign(
                {"type": "server_tool_use", "id": "s1", "name": "code_execution", "input": {}},
                "Called the tool code_execution with {}.",
            ),
            id="kept-whole-server-tool-use",
        ),
        pytest.param(RAN, foreign(RAN, "The tool gave:\nfive\na warning"), id="kept-whole-result-of-code"),
        pytest.param(
            {"type": "compaction", "content": "c"}, foreign({"type": "compaction", "content": "c"}), id="else"
        ),
    ],
)
def test_what_an_assistant_said(block: dict[str, Any], part: Part) -> None:
    assert parsed_part(block, "assistant") == part


def test_a_tools_results_are_messages_of_their_own_and_know_the_tools_name() -> None:
    png = {"type": "base64", "media_type": "image/png", "data": PNG}
    request = parse(
        messages=[
            *HELLO,
            {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "look", "input": {}}]},
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "t1", "is_error": True, "content": "no such place"},
                    {
                        "type": "tool_result",
                        "tool_use_id": "t2",
                        "content": [{"type": "text", "text": "seen"}, {"type": "image", "source": png}],
                    },
                    {"type": "tool_result", "tool_use_id": "t3"},
                    {"type": "text", "text": "well?"},
                ],
            },
        ]
    )
    assert request.messages[2:] == (
        Message(
            "tool",
            (
                ToolResult("t1", (Text("no such place"),), True, "look"),
                ToolResult("t2", (Text("seen"), Image(data=PNG, media_type="image/png"))),
                ToolResult("t3", ()),
            ),
        ),
        Message("user", (Text("well?"),)),
    )


@pytest.mark.parametrize(
    ("system", "parts"),
    [
        pytest.param("Be brief.", (Text("Be brief."),), id="string"),
        pytest.param(
            [{"type": "text", "text": "a"}, {"type": "text", "text": "b", "cache_control": {"type": "ephemeral"}}],
            (Text("a"), Text("b", {"anthropic": {"cache_control": raw({"type": "ephemeral"})}})),
            id="blocks",
        ),
    ],
)
def test_the_system_prompt_is_the_first_message(system: Any, parts: tuple[Part, ...]) -> None:
    assert parse(system=system).messages == (Message("system", parts), Message("user", (Text("Hello"),)))


def test_a_system_message_within_the_conversation_keeps_its_place() -> None:
    later = {"role": "system", "content": "From now on in French.", "clear_at": "never"}
    assert parse(messages=[*HELLO, later]).messages[1] == Message(
        "system", (Text("From now on in French."),), extensions={"anthropic": {"clear_at": raw("never")}}
    )


def test_a_system_message_may_only_set_the_effort() -> None:
    later = {"role": "system", "output_config": {"effort": "low"}}
    assert parse(messages=[*HELLO, later]).messages[1].parts == ()


def test_tools_keep_their_schema_and_what_only_anthropic_knows() -> None:
    tool = {
        "name": "weather",
        "description": "Tells the weather.",
        "input_schema": SCHEMA,
        "strict": True,
        "type": "custom",
        "cache_control": {"type": "ephemeral"},
    }
    request = parse(tools=[tool])
    assert request.tools == (
        Tool(
            "weather",
            "Tells the weather.",
            raw(SCHEMA),
            True,
            {"anthropic": {"cache_control": raw({"type": "ephemeral"})}},
        ),
    )
    assert request.extensions is None


def test_tools_that_anthropic_runs_are_kept_as_they_came() -> None:
    search = {"type": "web_search_20250305", "name": "web_search"}
    request = parse(tools=[{"name": "weather", "input_schema": SCHEMA}, search])
    assert [tool.name for tool in request.tools] == ["weather"]
    assert request.hosted == (HostedTool("tools[1]", {"anthropic": {"tool": raw(search)}}, "web_search", WebSearch()),)
    assert request.extensions is None


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        pytest.param({"type": "auto"}, (ToolChoice("auto"), None), id="auto"),
        pytest.param({"type": "any"}, (ToolChoice("required"), None), id="any"),
        pytest.param({"type": "none"}, (ToolChoice("none"), None), id="none"),
        pytest.param(
            {"type": "tool", "name": "f", "disable_parallel_tool_use": True},
            (ToolChoice("tool", "f"), False),
            id="one-tool-one-call",
        ),
        pytest.param(
            {"type": "auto", "disable_parallel_tool_use": False}, (ToolChoice("auto"), True), id="parallel-calls"
        ),
    ],
)
def test_the_choice_of_the_tool(choice: dict[str, Any], expected: tuple[ToolChoice, bool | None]) -> None:
    request = parse(tool_choice=choice)
    assert (request.tool_choice, request.parallel_tool_calls) == expected


@pytest.mark.parametrize(
    ("fields", "reasoning"),
    [
        pytest.param({"thinking": {"type": "enabled", "budget_tokens": 2048}}, Reasoning(budget=2048), id="budget"),
        pytest.param({"thinking": {"type": "adaptive", "display": "omitted"}}, Reasoning(), id="adaptive"),
        pytest.param({"thinking": {"type": "disabled"}}, Reasoning(enabled=False), id="disabled"),
        pytest.param({"output_config": {"effort": "low"}}, Reasoning(effort="low"), id="effort"),
        pytest.param({"output_config": {"effort": None, "format": None}}, None, id="nulls"),
        pytest.param({}, None, id="absent"),
    ],
)
def test_how_much_to_think(fields: dict[str, Any], reasoning: Reasoning | None) -> None:
    request = parse(**fields)
    assert request.reasoning == reasoning
    assert request.extensions is None


def test_a_schema_for_the_answer() -> None:
    request = parse(output_config={"format": {"type": "json_schema", "schema": SCHEMA}, "effort": "high"})
    assert request.output == Output("json_schema", raw(SCHEMA))
    assert request.reasoning == Reasoning(effort="high")


@pytest.mark.parametrize(
    ("fields", "extensions"),
    [
        pytest.param({"container": "c1"}, {"container": raw("c1")}, id="unknown-field"),
        pytest.param({"container": None}, None, id="null-says-nothing"),
        pytest.param({"metadata": {"user_id": "u", "x": 1}}, {"metadata": Raw(b'{"x":1}')}, id="more-metadata"),
        pytest.param(
            {"output_config": {"effort": "low", "task_budget": 5}},
            {"output_config": Raw(b'{"task_budget":5}')},
            id="more-output-config",
        ),
        pytest.param(
            {"output_config": {"format": {"type": "xml"}}},
            {"output_config": Raw(b'{"format":{"type":"xml"}}')},
            id="unknown-format",
        ),
        pytest.param(
            {"thinking": {"type": "between_tools"}}, {"thinking": raw({"type": "between_tools"})}, id="thinking-mode"
        ),
        pytest.param({"tool_choice": {"type": "best"}}, {"tool_choice": raw({"type": "best"})}, id="tool-choice"),
    ],
)
def test_what_has_no_place_in_the_core_is_kept(fields: dict[str, Any], extensions: dict[str, Raw] | None) -> None:
    assert parse(**fields).extensions == ({"anthropic": extensions} if extensions else None)


def test_settings() -> None:
    request = parse(
        temperature=0.5, top_p=0.9, top_k=5, stop_sequences=["END"], stream=True, metadata={"user_id": "u1"}
    )
    assert request.sampling == Sampling(temperature=0.5, top_p=0.9, top_k=5)
    assert request.stop == ("END",)
    assert request.user == "u1"
    assert (request.stream, request.stream_usage) == (True, True)


def test_no_tokens_at_all_may_be_asked_for() -> None:
    """``max_tokens: 0`` fills the prompt cache."""
    assert parse(max_tokens=0).max_output == 0
