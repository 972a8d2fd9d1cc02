"""Fields that Turnout names to a client have the names that the client gave them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import Raw

from tests.support.contract import ENDPOINTS
from turnout.core import Continuation, WireBody, readable
from turnout.dialects import HERE, Target, name_for_client
from turnout.dialects.terms import TERMS

USER: Any = {"role": "user", "content": "hi"}
CHAT: dict[str, Any] = {"model": "m", "messages": [USER]}
RESPONSES: dict[str, Any] = {"model": "m", "input": "hi"}
ANTHROPIC: dict[str, Any] = {"model": "m", "max_tokens": 9, "messages": [USER]}
GEMINI: dict[str, Any] = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}
SCHEMA = {"type": "object"}
GEMINI_TARGET = Target("models/m", "alt=sse")


def named(wire: str, body: dict[str, Any], path: str) -> str:
    target = GEMINI_TARGET if wire == "gemini" else HERE
    return name_for_client(ENDPOINTS[wire].parse(json.dumps(body).encode(), target), path)


@pytest.mark.parametrize(
    ("wire", "body", "path", "expected"),
    [
        ("openai-chat", CHAT, "parallel_tool_calls", "parallel_tool_calls"),
        ("openai-chat", CHAT | {"max_completion_tokens": 9}, "max_tokens", "max_completion_tokens"),
        ("openai-chat", CHAT | {"max_tokens": 9}, "max_tokens", "max_tokens"),
        ("openai-chat", CHAT, "response_format.strict", "response_format.json_schema.strict"),
        ("openai-responses", RESPONSES, "max_tokens", "max_output_tokens"),
        ("openai-responses", RESPONSES, "response_format", "text.format"),
        ("openai-responses", RESPONSES, "reasoning_effort", "reasoning.effort"),
        ("openai-responses", RESPONSES, "top_k", "top_k"),
        ("anthropic-messages", ANTHROPIC, "parallel_tool_calls", "tool_choice.disable_parallel_tool_use"),
        ("anthropic-messages", ANTHROPIC | {"thinking": {"type": "adaptive"}}, "reasoning_effort", "thinking"),
        (
            "anthropic-messages",
            ANTHROPIC | {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}},
            "reasoning_effort",
            "output_config.effort",
        ),
        ("anthropic-messages", ANTHROPIC, "reasoning.budget", "thinking.budget_tokens"),
        ("anthropic-messages", ANTHROPIC, "user", "metadata.user_id"),
        ("anthropic-messages", ANTHROPIC, "response_format", "output_config.format"),
        ("gemini", GEMINI, "top_k", "generationConfig.topK"),
        ("gemini", GEMINI, "max_tokens", "generationConfig.maxOutputTokens"),
        (
            "gemini",
            GEMINI | {"generationConfig": {"responseSchema": {"type": "OBJECT"}}},
            "response_format",
            "generationConfig.responseSchema",
        ),
        ("gemini", GEMINI, "response_format", "generationConfig.responseMimeType"),
        ("gemini", GEMINI, "tool_choice", "toolConfig.functionCallingConfig"),
        ("ollama", CHAT, "top_k", "options.top_k"),
        ("ollama", CHAT, "max_tokens", "options.num_predict"),
        ("ollama", CHAT, "reasoning_effort", "think"),
        ("ollama-generate", {"model": "m", "prompt": "hi"}, "messages[0]", "prompt"),
        ("llamacpp-completion", {"prompt": "hi"}, "max_tokens", "n_predict"),
    ],
)
def test_settings(wire: str, body: dict[str, Any], path: str, expected: str) -> None:
    assert named(wire, body, path) == expected


RESULT = {"type": "tool_result", "tool_use_id": "a", "content": "7"}
CALL = {"type": "tool_use", "id": "a", "name": "f", "input": {}}
TEXT = {"type": "text", "text": "hi"}
ANTHROPIC_TALK = ANTHROPIC | {
    "system": "Be brief.",
    "messages": [
        USER,
        {"role": "assistant", "content": [CALL]},
        {"role": "user", "content": [RESULT, RESULT, TEXT, TEXT]},
    ],
    "tools": [{"type": "web_search_20250305", "name": "web_search"}, {"name": "f", "input_schema": SCHEMA}],
}
RESPONSES_TALK = RESPONSES | {
    "instructions": "Be brief.",
    "input": [
        USER,
        {"type": "reasoning", "id": "r", "summary": [{"type": "summary_text", "text": "Hm."}]},
        {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"},
        {"type": "function_call", "call_id": "b", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "a", "output": "7"},
        {"type": "function_call_output", "call_id": "b", "output": "8"},
        {"role": "user", "content": [{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}]},
    ],
    "tools": [{"type": "web_search"}, {"type": "function", "name": "f", "parameters": SCHEMA, "strict": True}],
}
GEMINI_CALL = {"functionCall": {"name": "f", "args": {}}}
GEMINI_RESULT = {"functionResponse": {"name": "f", "response": {"a": 1}}}
GEMINI_TALK = {
    "systemInstruction": {"parts": [{"text": "Be brief."}]},
    "contents": [
        {"role": "user", "parts": [{"text": "hi"}]},
        {"role": "model", "parts": [{"text": "So"}]},
        {"role": "model", "parts": [GEMINI_CALL]},
        {"role": "user", "parts": [GEMINI_RESULT, {"text": "a"}, {"text": "b"}]},
    ],
    "tools": [{"googleSearch": {}}, {"functionDeclarations": [{"name": "f"}, {"name": "g"}]}],
}
CODEX_TALK = RESPONSES | {
    "input": [
        USER,
        {"type": "additional_tools", "role": "developer", "tools": [{"type": "function", "name": "later"}]},
        {"type": "reasoning", "id": "r", "summary": []},
        {"type": "custom_tool_call", "call_id": "a", "name": "patch", "input": "+"},
        {"type": "local_shell_call", "call_id": "b", "action": {"type": "exec", "command": ["ls"]}},
        {"type": "custom_tool_call_output", "call_id": "a", "output": "done"},
        {"type": "local_shell_call_output", "call_id": "b", "output": "7"},
        {"type": "tool_search_call", "arguments": {}},
        {"type": "tool_search_output", "tools": []},
        {"type": "tool_search_call", "call_id": "c", "arguments": {"query": "q"}},
        {"type": "tool_search_output", "call_id": "c", "tools": []},
        USER,
    ],
    "tools": [
        {"type": "custom", "name": "patch"},
        {"type": "namespace", "name": "n", "tools": [{"type": "function", "name": "in"}]},
        {"type": "local_shell"},
        {"type": "function", "name": "f", "parameters": SCHEMA},
    ],
}
CLIENT_TOOLS = ANTHROPIC | {
    "tools": [{"type": "bash_20250124", "name": "bash"}, {"name": "f", "input_schema": SCHEMA}],
}
CHAT_TALK = CHAT | {
    "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": [TEXT, TEXT]}],
    "tools": [{"type": "custom", "custom": {"name": "c"}}, {"type": "function", "function": {"name": "f"}}],
}


@pytest.mark.parametrize(
    ("wire", "body", "path", "expected"),
    [
        ("openai-chat", CHAT_TALK, "messages[1].content[1].detail", "messages[1].content[1].detail"),
        ("openai-chat", CHAT_TALK, "tools[1].strict", "tools[1].function.strict"),
        ("anthropic-messages", ANTHROPIC_TALK, "messages[0]", "system"),
        ("anthropic-messages", ANTHROPIC | {"system": [TEXT, TEXT]}, "messages[0].content[1].x", "system[1].x"),
        ("anthropic-messages", ANTHROPIC_TALK, "messages[2]", "messages[1]"),
        ("anthropic-messages", ANTHROPIC_TALK, "messages[3].content[1].is_error", "messages[2].content[1].is_error"),
        (
            "anthropic-messages",
            ANTHROPIC_TALK,
            "messages[4].content[1].cache_control",
            "messages[2].content[3].cache_control",
        ),
        ("anthropic-messages", ANTHROPIC_TALK, "tools[0].strict", "tools[1].strict"),
        ("anthropic-messages", ANTHROPIC, "messages[0]", "messages[0]"),
        ("openai-responses", RESPONSES_TALK, "messages[0]", "instructions"),
        ("openai-responses", RESPONSES_TALK, "messages[2]", "input[1]"),
        ("openai-responses", RESPONSES_TALK, "messages[3].content[1]", "input[5].output"),
        ("openai-responses", RESPONSES_TALK, "messages[4].content[1]", "input[6].content[1]"),
        ("openai-responses", RESPONSES_TALK, "tools[0].strict", "tools[1].strict"),
        ("openai-responses", RESPONSES, "messages[0]", "input"),
        ("openai-responses", CODEX_TALK, "messages[2].content[1]", "input[6].output"),
        ("openai-responses", CODEX_TALK, "messages[3]", "input[9]"),
        ("openai-responses", CODEX_TALK, "messages[5]", "input[11]"),
        ("openai-responses", CODEX_TALK, "tools[0]", "tools[0]"),
        ("openai-responses", CODEX_TALK, "tools[1].strict", "tools[1].tools[0].strict"),
        ("openai-responses", CODEX_TALK, "tools[3].strict", "tools[3].strict"),
        ("anthropic-messages", CLIENT_TOOLS, "tools[0].strict", "tools[0].strict"),
        ("anthropic-messages", CLIENT_TOOLS, "tools[1].strict", "tools[1].strict"),
        ("gemini", GEMINI_TALK, "messages[0]", "systemInstruction"),
        ("gemini", GEMINI_TALK, "messages[2].content[1]", "contents[1]"),
        ("gemini", GEMINI_TALK, "messages[3].content[0]", "contents[3].parts[0]"),
        ("gemini", GEMINI_TALK, "messages[4].content[1]", "contents[3].parts[2]"),
        ("gemini", GEMINI_TALK, "tools[1]", "tools[1].functionDeclarations[1]"),
        ("ollama", CHAT, "messages[0]", "messages[0]"),
        ("openai-chat", CHAT, "messages[7]", "messages[7]"),
    ],
)
def test_messages_and_tools_by_their_numbers(wire: str, body: dict[str, Any], path: str, expected: str) -> None:
    assert named(wire, body, path) == expected


@pytest.mark.parametrize(
    ("wire", "body"),
    [
        ("openai-chat", CHAT_TALK),
        ("anthropic-messages", ANTHROPIC_TALK),
        ("anthropic-messages", CLIENT_TOOLS),
        ("openai-responses", RESPONSES_TALK),
        ("openai-responses", CODEX_TALK),
        ("gemini", GEMINI_TALK),
    ],
)
def test_there_is_a_place_for_every_message_and_tool_of_the_core(wire: str, body: dict[str, Any]) -> None:
    target = GEMINI_TARGET if wire == "gemini" else HERE
    request = readable(ENDPOINTS[wire].parse(json.dumps(body).encode(), target))
    raw = request.raw
    assert raw is not None
    assert len([*TERMS[wire].messages(raw)]) == len(request.messages)
    of_own_paths = sum(tool.own is not None or tool.name == "later" for tool in request.tools)
    assert len([*TERMS[wire].tools(raw)]) + of_own_paths == len(request.tools)


def test_earlier_turns_are_named_by_the_answer_that_they_end_with() -> None:
    request = ENDPOINTS["openai-responses"].parse(json.dumps(RESPONSES).encode(), HERE)
    earlier = Continuation((Raw(json.dumps({"type": "message", **USER}).encode()),), "d")
    raw = WireBody("openai-responses", request.raw.fields, continues=earlier)
    assert [place.path for place in TERMS["openai-responses"].messages(raw)] == ["previous_response_id", "input"]
