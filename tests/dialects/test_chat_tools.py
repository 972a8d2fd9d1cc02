"""Chat's own tools as functions, and their calls as the client knows them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import Raw
from openai.types.chat import ChatCompletion

from tests.support.openai_wire import CONTEXT, ENDPOINT, VENDORS, deployment, request_body
from tests.support.whole_requests import read_whole
from turnout.core import (
    Answer,
    ChatRequest,
    Choice,
    Delta,
    Extensions,
    Finish,
    Message,
    OwnTool,
    Part,
    PartEnd,
    PartStart,
    Start,
    StreamEvent,
    Text,
    ToolCall,
    ToolChoice,
    ToolResult,
    with_messages,
)
from turnout.errors import InvalidRequest

SCHEMA = {"type": "object", "properties": {"id": {"type": "string"}}}
LOOK = {"type": "function", "function": {"name": "look", "parameters": SCHEMA}}
GRAMMAR = {"type": "grammar", "grammar": {"syntax": "regex", "definition": "a+"}}
SHELL = {"type": "custom", "custom": {"name": "shell", "description": "Runs it.", "format": GRAMMAR}}
SEARCH = {"type": "openrouter:web_search", "parameters": {"max_results": 3}}
LEGACY = {"name": "look", "description": "Looks.", "parameters": SCHEMA}
CALLED = Finish("tool_calls", "tool_use")
SIGNED: Extensions = {"gemini": {"thoughtSignature": Raw(b'"c2ln"')}}


def parsed(**fields: Any) -> ChatRequest:
    return read_whole(ENDPOINT, request_body(**fields))


def whole(request: ChatRequest, *parts: Part) -> dict[str, Any]:
    """The choice of a whole reply, which the SDK has to accept."""
    body = ENDPOINT.body(request, Answer(choices=(Choice(0, parts, CALLED),)), CONTEXT)
    ChatCompletion.model_validate_json(body)
    choice: dict[str, Any] = json.loads(body)["choices"][0]
    return choice


def deltas(request: ChatRequest, *events: StreamEvent) -> list[dict[str, Any]]:
    """What each chunk says of calls."""
    renderer = ENDPOINT.renderer(request, CONTEXT)
    data = b"".join([renderer.feed([event]) for event in (Start(), *events, CALLED)]) + renderer.close()
    choices = [json.loads(frame.removeprefix("data: "))["choices"][0] for frame in data.decode().split("\n\n")[:-2]]
    said = [{name: choice["delta"].get(name) for name in ("tool_calls", "function_call")} for choice in choices]
    ends = [{"finish_reason": choice["finish_reason"]} for choice in choices if choice["finish_reason"]]
    return [{name: value for name, value in delta.items() if value} for delta in said if any(delta.values())] + ends


def pieces(call: ToolCall, *texts: str, index: int = 0, extensions: Extensions = None) -> list[StreamEvent]:
    return [PartStart(index, call), *[Delta(index, text) for text in texts], PartEnd(index, extensions=extensions)]


# --- tools ---------------------------------------------------------------------------------------------------


def test_a_custom_tool_is_a_function_with_one_text() -> None:
    look, shell = parsed(tools=[LOOK, SHELL]).tools
    assert look.own is None
    assert shell.own == OwnTool("custom", "shell", "tools[1]")
    assert shell.description == "Runs it.\n\nThe input has to match this regex grammar:\na+"
    assert json.loads(bytes(shell.parameters or b""))["required"] == ["input"]


def test_the_old_functions_are_tools() -> None:
    request = parsed(functions=[LEGACY], function_call="auto")
    (tool,) = request.tools
    assert (tool.name, tool.description, tool.own) == ("look", "Looks.", OwnTool("functions", "look", "functions[0]"))
    assert json.loads(bytes(tool.parameters or b"")) == SCHEMA
    assert request.tool_choice == ToolChoice("auto")
    assert request.parallel_tool_calls is False
    assert request.extensions is None


@pytest.mark.parametrize(
    "tool",
    [
        SEARCH,
        {"type": "builtin_function", "function": {"name": "$web_search"}},
        {"type": "web_search", "web_search": {"enable": True}},
        {"type": "browser_search"},
        {"googleSearch": {}},
    ],
    ids=str,
)
def test_what_a_vendor_runs_is_no_function(tool: dict[str, Any]) -> None:
    """It goes to who speaks this wire, also when the request is written anew."""
    request = parsed(tools=[LOOK, tool])
    assert [tool.name for tool in request.tools] == ["look"]
    assert [hosted.where for hosted in request.hosted] == ["tools[1]"]
    rewritten = with_messages(request, tuple(request.messages))
    sent = json.loads(VENDORS["compatible"].build(rewritten, deployment(provider="compatible")).body)
    assert sent["tools"][1] == tool


def test_it_is_told_from_old_functions() -> None:
    request = parsed(functions=[LEGACY], tools=[SEARCH])
    assert [tool.name for tool in request.tools] == ["look"]
    assert [hosted.where for hosted in request.hosted] == ["tools[0]"]


def test_a_function_may_go_without_its_type() -> None:
    """Mistral's does."""
    request = parsed(tools=[{"function": {"name": "look"}}], tool_choice="any")
    assert [tool.name for tool in request.tools] == ["look"]
    assert request.tool_choice == ToolChoice("required")


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"tool_choice": {"type": "custom", "custom": {"name": "shell"}}}, ToolChoice("tool", "shell")),
        ({"tool_choice": {"type": "function", "function": {"name": "look"}}}, ToolChoice("tool", "look")),
        ({"function_call": {"name": "look"}}, ToolChoice("tool", "look")),
        ({"function_call": "none"}, ToolChoice("none")),
        ({"tool_choice": "required", "function_call": "none"}, ToolChoice("required")),
    ],
    ids=str,
)
def test_a_tool_is_chosen(choice: dict[str, Any], expected: ToolChoice) -> None:
    assert parsed(tools=[LOOK, SHELL], **choice).tool_choice == expected


@pytest.mark.parametrize("mode", ["auto", "required"])
@pytest.mark.parametrize("names", [["shell"], ["look", "shell"], []], ids=str)
def test_tools_that_are_not_allowed_are_left_out(names: list[str], mode: Any) -> None:
    kinds = {"shell": "custom", "look": "function"}
    allowed = [{"type": kinds[name], kinds[name]: {"name": name}} for name in names]
    choice = {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": allowed}}
    request = parsed(tools=[LOOK, SHELL, SEARCH], tool_choice=choice)
    assert [tool.name for tool in request.tools] == names
    assert request.hosted == ()
    assert request.tool_choice == ToolChoice(mode)


def test_a_choice_that_only_a_vendor_has_is_kept_and_named() -> None:
    choice = {"type": "web_search"}
    request = parsed(tools=[SEARCH], tool_choice=choice)
    assert request.tool_choice is None
    assert request.extensions == {"openai": {"tool_choice": Raw(json.dumps(choice).encode())}}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"tools": [{"type": "custom"}]}, "tools[0].custom"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tools": [{"type": "custom", "custom": {"description": "d"}}]}, "tools[0].custom.name"),
        ({"functions": [{"description": "d"}]}, "functions[0].name"),
        ({"tool_choice": {"type": "custom"}}, "tool_choice.custom"),
        ({"tool_choice": {"type": "allowed_tools", "allowed_tools": {"tools": []}}}, "tool_choice.allowed_tools.mode"),
    ],
    ids=str,
)
def test_what_is_wrong_is_named(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parsed(**fields)
    assert caught.value.param == param


# --- earlier calls -----------------------------------------------------------------------------------------------


def test_a_custom_tools_call_is_a_call() -> None:
    call = {"id": "c", "type": "custom", "custom": {"name": "shell", "input": 'say "x"'}}
    messages = [{"role": "assistant", "tool_calls": [call]}, {"role": "tool", "tool_call_id": "c", "content": "x"}]
    assert list(parsed(messages=messages).messages) == [
        Message("assistant", (ToolCall("c", "shell", r'{"input":"say \"x\""}'),)),
        Message("tool", (ToolResult("c", (Text("x"),)),)),
    ]


def test_old_calls_have_ids_that_differ() -> None:
    """Providers refuse two calls of one id. The function of a conversation may be called twice."""
    call = {"role": "assistant", "content": None, "function_call": {"name": "look", "arguments": "{}"}}
    result = {"role": "function", "name": "look", "content": "seen"}
    messages = list(parsed(messages=[call, result, call, result]).messages)
    assert messages == [
        Message("assistant", (ToolCall("call_0", "look", "{}"),)),
        Message("tool", (ToolResult("call_0", (Text("seen"),), name="look"),)),
        Message("assistant", (ToolCall("call_2", "look", "{}"),)),
        Message("tool", (ToolResult("call_2", (Text("seen"),), name="look"),)),
    ]


# --- calls on their way back -------------------------------------------------------------------------------------


def test_a_custom_tools_call_comes_back_whole() -> None:
    request = parsed(tools=[LOOK, SHELL])
    choice = whole(request, ToolCall("a", "shell", '{"input":"ls\\n"}'), ToolCall("b", "look", '{"id":"1"}'))
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["tool_calls"] == [
        {"id": "a", "type": "custom", "custom": {"name": "shell", "input": "ls\n"}},
        {"id": "b", "type": "function", "function": {"name": "look", "arguments": '{"id":"1"}'}},
    ]


def test_a_custom_tools_call_comes_back_streamed() -> None:
    request = parsed(tools=[LOOK, SHELL], stream=True)
    shell = pieces(ToolCall("a", "shell", ""), '{"input":', '"ls"}', extensions=SIGNED)
    look = pieces(ToolCall("b", "look", ""), "{}", index=1)
    assert deltas(request, *shell, *look) == [
        {"tool_calls": [{"index": 0, "id": "a", "type": "custom", "custom": {"name": "shell", "input": ""}}]},
        {"tool_calls": [{"index": 0, "custom": {"input": "ls"}}]},
        {"tool_calls": [{"index": 0, "extra_content": {"google": {"thought_signature": "c2ln"}}}]},
        {"tool_calls": [{"index": 1, "id": "b", "type": "function", "function": {"name": "look", "arguments": ""}}]},
        {"tool_calls": [{"index": 1, "function": {"arguments": "{}"}}]},
        {"finish_reason": "tool_calls"},
    ]


def test_an_old_client_gets_its_function_call_whole() -> None:
    """Its message has a place for one call."""
    choice = whole(parsed(functions=[LEGACY]), ToolCall("a", "look", "{}"), ToolCall("b", "look", "[]"))
    assert choice["message"]["function_call"] == {"name": "look", "arguments": "{}"}
    assert "tool_calls" not in choice["message"]
    assert choice["finish_reason"] == "function_call"


def test_an_old_client_gets_its_function_call_streamed() -> None:
    request = parsed(functions=[LEGACY], stream=True)
    first = pieces(ToolCall("a", "look", ""), '{"id":', '"1"}', extensions=SIGNED)
    second = pieces(ToolCall("b", "look", ""), "{}", index=1)
    assert deltas(request, *first, *second) == [
        {"function_call": {"name": "look", "arguments": ""}},
        {"function_call": {"arguments": '{"id":'}},
        {"function_call": {"arguments": '"1"}'}},
        {"finish_reason": "function_call"},
    ]
