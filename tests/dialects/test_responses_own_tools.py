"""Responses' own tools as functions, and their calls as the client knows them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import Raw
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from tests.support.whole_requests import read_whole
from turnout.core import (
    Answer,
    ChatRequest,
    Choice,
    Delta,
    Finish,
    Message,
    OwnTool,
    PartEnd,
    PartStart,
    Start,
    StreamEvent,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from turnout.dialects import ReplyContext
from turnout.dialects.openai.responses import Responses
from turnout.errors import InvalidRequest
from turnout.fitting.unread import unread_fields

ENDPOINT = Responses()
CONTEXT = ReplyContext(request_id="req_01ab", model="fast", created=1_790_000_000)
EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
WHOLE = TypeAdapter(Response)

SCHEMA = {"type": "object", "properties": {"id": {"type": "string"}}}
GRAMMAR = {"type": "grammar", "syntax": "lark", "definition": 'start: "x"'}
CLOSE = {"type": "function", "name": "close_agent", "parameters": SCHEMA, "strict": False}
AGENTS = {"type": "namespace", "name": "agents", "description": "Helpers.", "tools": [CLOSE]}
PATCH = {"type": "custom", "name": "apply_patch", "description": "Edits files.", "format": GRAMMAR}
LOOK = {"type": "function", "name": "look", "parameters": SCHEMA}
SEARCH = {"type": "tool_search", "execution": "client", "description": "Finds tools.", "parameters": SCHEMA}


def parsed(*tools: Any, **fields: Any) -> ChatRequest:
    body = {"model": "fast", "input": "Hi.", "tools": list(tools), **fields}
    return read_whole(ENDPOINT, json.dumps(body).encode())


def functions(*tools: Any, **fields: Any) -> dict[str, Tool]:
    return {tool.name: tool for tool in parsed(*tools, **fields).tools}


def messages(*items: Any, **fields: Any) -> tuple[Message, ...]:
    return tuple(parsed(input=list(items), **fields).messages)


def called(name: str, arguments: str, *tools: Any, streamed: bool) -> dict[str, Any]:
    """The item of a call, whose arguments come in two pieces. The SDK must accept it, and each event."""
    request, call = parsed(*tools, stream=streamed), ToolCall("c1", name, "")
    if not streamed:
        part = ToolCall("c1", name, arguments)
        answer = Answer(choices=(Choice(0, (part,), Finish("tool_calls", "tool_use")),))
        response = json.loads(ENDPOINT.body(request, answer, CONTEXT))
        WHOLE.validate_python(response)
        (item,) = response["output"]
        return dict(item)
    (item,) = streamed_events(request, call, arguments)[-1]["response"]["output"]
    return dict(item)


def streamed_events(request: ChatRequest, call: ToolCall, arguments: str) -> list[dict[str, Any]]:
    half = len(arguments) // 2
    events: list[StreamEvent] = [Start(), PartStart(0, call), Delta(0, arguments[:half]), Delta(0, arguments[half:])]
    renderer = ENDPOINT.renderer(request, CONTEXT)
    data = renderer.feed([*events, PartEnd(0), Finish("tool_calls", "tool_use")]) + renderer.close()
    sent = [json.loads(frame.partition("data: ")[2]) for frame in data.decode().split("\n\n")[:-1]]
    for event in sent:
        EVENT.validate_python(event, strict=True)
    return sent


# --- tools ---------------------------------------------------------------------------------------------------


def test_tools_of_a_namespace_are_functions() -> None:
    tool = functions(AGENTS)["agents__close_agent"]
    assert tool.own == OwnTool("function", "close_agent", "tools[0].tools[0]", "agents")
    assert json.loads(bytes(tool.parameters or b"")) == SCHEMA
    assert tool.strict is False
    assert tool.description == "Tools agents__*: Helpers."


def test_the_default_namespace_is_none() -> None:
    """Codex groups plain functions in it."""
    tools = functions({"type": "namespace", "name": "functions", "description": "d", "tools": [LOOK, PATCH]})
    assert tools["look"].own is None
    assert tools["apply_patch"].own == OwnTool("custom", "apply_patch", "tools[0].tools[1]")


def test_a_custom_tool_is_a_function_with_one_text() -> None:
    tool = functions(PATCH)["apply_patch"]
    assert json.loads(bytes(tool.parameters or b""))["required"] == ["input"]
    assert tool.description == 'Edits files.\n\nThe input has to match this lark grammar:\nstart: "x"'
    assert functions({"type": "custom", "name": "say"})["say"].description is None


@pytest.mark.parametrize("kind", ["local_shell", "shell", "apply_patch"])
def test_tools_that_the_client_runs_have_parameters(kind: str) -> None:
    tool = functions({"type": kind})[kind]
    assert tool.own == OwnTool(kind, kind, "tools[0]")
    assert json.loads(bytes(tool.parameters or b""))["required"]
    assert tool.description


def test_a_search_of_the_client_keeps_its_own_parameters() -> None:
    tool = functions(SEARCH)["tool_search"]
    assert tool.description == "Finds tools."
    assert json.loads(bytes(tool.parameters or b"")) == SCHEMA


@pytest.mark.parametrize(
    "tool",
    [
        {"type": "file_search", "vector_store_ids": ["v"]},
        {"type": "tool_search"},
        {"type": "shell", "environment": {"type": "container_auto"}},
        {"type": "mcp", "server_label": "s"},
        {"type": "namespace", "name": "n", "tools": [{"type": "computer"}]},
    ],
    ids=str,
)
def test_what_runs_at_openai_is_named(tool: dict[str, Any]) -> None:
    request = parsed(LOOK, tool)
    assert [tool.name for tool in request.tools] == ["look"]
    (path,) = (request.extensions or {})["openai-responses"]
    assert path.startswith("tools[1]")
    assert path.endswith(".type")


def test_names_are_short_and_stay_different() -> None:
    long = "n" * 60
    tools = [{"type": "function", "name": f"{name}_tool"} for name in ("one", "two")]
    names = list(functions({"type": "namespace", "name": long, "tools": tools}))
    assert len(set(names)) == 2
    assert all(len(name) <= 64 for name in names)


def test_two_tools_whose_functions_would_have_one_name_stay_apart() -> None:
    tools = functions({"type": "function", "name": "agents__close_agent"}, AGENTS)
    assert len(tools) == 2
    assert [tool.own.name if tool.own else name for name, tool in tools.items()] == [
        "agents__close_agent",
        "close_agent",
    ]


@pytest.mark.parametrize(
    "tool", [{"type": "custom"}, {"type": "namespace", "name": "n", "tools": [{"type": "custom"}]}]
)
def test_a_tool_needs_a_name(tool: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parsed(tool)
    assert str(caught.value.param).endswith(".name")


def test_fields_of_own_tools_and_items_are_read() -> None:
    items = [
        {"type": "function_call", "call_id": "c", "name": "close_agent", "namespace": "agents", "arguments": "{}"},
        {"type": "custom_tool_call", "call_id": "d", "name": "apply_patch", "input": "x", "status": "completed"},
        {"type": "local_shell_call", "call_id": "e", "action": {"type": "exec", "command": ["ls"], "env": {}}},
        {"type": "tool_search_output", "call_id": "f", "execution": "client", "tools": [AGENTS]},
    ]
    request = parsed(AGENTS, PATCH, SEARCH, input=items)
    assert request.raw
    assert request.raw.form
    assert unread_fields(request.raw.fields, request.raw.form) == []


# --- tools that come with the input ------------------------------------------------------------------------------


def test_additional_tools_are_tools() -> None:
    item = {"type": "additional_tools", "role": "developer", "tools": [LOOK, PATCH, {"type": "file_search"}]}
    request = parsed(input=[item, {"role": "user", "content": "Go."}])
    assert [tool.name for tool in request.tools] == ["look", "apply_patch"]
    assert len(request.messages) == 1
    assert request.extensions == {"openai-responses": {"input[0].tools[2].type": Raw(b'"file_search"')}}


def test_what_a_search_has_found_can_be_called() -> None:
    found = {"type": "tool_search_output", "call_id": "c", "execution": "client", "tools": [AGENTS, LOOK]}
    nothing = found | {"call_id": "d", "tools": []}
    search = {"type": "tool_search_call", "call_id": "c", "execution": "client", "arguments": {"query": "agents"}}
    request = parsed(SEARCH, LOOK, input=[search, search | {"call_id": "d"}, found, nothing])
    assert [tool.name for tool in request.tools] == ["tool_search", "look", "agents__close_agent"]
    assert request.messages[0].parts == (
        ToolCall("c", "tool_search", '{"query":"agents"}'),
        ToolCall("d", "tool_search", '{"query":"agents"}'),
    )
    assert request.messages[1].parts == (
        ToolResult("c", (Text("Tools that can be called now: agents__close_agent, look."),)),
        ToolResult("d", (Text("No tools were found."),)),
    )


def test_a_search_that_openai_ran_is_no_call() -> None:
    request = parsed(
        input=[
            {"type": "tool_search_call", "execution": "server", "call_id": None, "arguments": {"paths": ["agents"]}},
            {"type": "tool_search_output", "execution": "server", "call_id": None, "tools": [AGENTS]},
            {"role": "user", "content": "Go."},
        ]
    )
    assert [tool.name for tool in request.tools] == ["agents__close_agent"]
    assert [message.role for message in request.messages] == ["user"]


def test_additional_tools_of_a_long_request_are_found_at_the_end() -> None:
    """A long request is read late, and needs no ``tools`` of its own."""
    body = {
        "model": "fast",
        "input": [
            {"type": "additional_tools", "role": "developer", "tools": [PATCH]},
            {"role": "user", "content": "x" * 10_000},
        ],
    }
    request = ENDPOINT.parse(json.dumps(body).encode())
    answer = Answer(choices=(Choice(0, (ToolCall("c", "apply_patch", '{"input":"p"}'),), Finish("tool_calls", "")),))
    (item,) = json.loads(ENDPOINT.body(request, answer, CONTEXT))["output"]
    assert (item["type"], item["input"]) == ("custom_tool_call", "p")


# --- the choice of a tool ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "name"),
    [
        ({"type": "custom", "name": "apply_patch"}, "apply_patch"),
        ({"type": "function", "name": "close_agent", "namespace": "agents"}, "agents__close_agent"),
        ({"type": "function", "name": "close_agent"}, "agents__close_agent"),
        ({"type": "function", "name": "look"}, "look"),
        ({"type": "shell"}, "shell"),
        ({"type": "function", "name": "unknown"}, "unknown"),
    ],
    ids=str,
)
def test_a_tool_is_chosen_by_the_clients_name(choice: dict[str, Any], name: str) -> None:
    request = parsed(AGENTS, PATCH, LOOK, {"type": "shell"}, tool_choice=choice)
    assert request.tool_choice == ToolChoice("tool", name)
    assert len(request.tools) == 4


@pytest.mark.parametrize(
    ("allowed", "names"),
    [
        ([{"type": "function", "name": "look"}], ["look"]),
        ([{"type": "custom", "name": "apply_patch"}, {"type": "shell"}], ["apply_patch", "shell"]),
        ([{"type": "namespace", "name": "agents"}], ["agents__close_agent"]),
        ([{"type": "function", "name": "close_agent"}], ["agents__close_agent"]),
        ([{"type": "mcp", "server_label": "s"}], []),
    ],
    ids=str,
)
@pytest.mark.parametrize("mode", ["auto", "required"])
def test_tools_that_are_not_allowed_are_left_out(allowed: list[Any], names: list[str], mode: Any) -> None:
    choice = {"type": "allowed_tools", "mode": mode, "tools": allowed}
    request = parsed(AGENTS, PATCH, LOOK, {"type": "shell"}, tool_choice=choice)
    assert [tool.name for tool in request.tools] == names
    assert request.tool_choice == ToolChoice(mode)
    assert request.extensions is None


# --- earlier calls and their results -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "call"),
    [
        (
            {"type": "function_call", "call_id": "c", "name": "close_agent", "namespace": "agents", "arguments": "{}"},
            ToolCall("c", "agents__close_agent", "{}"),
        ),
        (
            {"type": "custom_tool_call", "call_id": "c", "name": "apply_patch", "input": 'say "x"'},
            ToolCall("c", "apply_patch", r'{"input":"say \"x\""}'),
        ),
        (
            {"type": "local_shell_call", "call_id": "c", "action": {"type": "exec", "command": ["ls"], "env": {}}},
            ToolCall("c", "local_shell", '{"command":["ls"]}'),
        ),
        (
            {"type": "shell_call", "call_id": "c", "action": {"commands": ["ls"], "timeout_ms": 5}},
            ToolCall("c", "shell", '{"commands":["ls"],"timeout_ms":5}'),
        ),
        (
            {"type": "apply_patch_call", "call_id": "c", "operation": {"type": "delete_file", "path": "a"}},
            ToolCall("c", "apply_patch", '{"type":"delete_file","path":"a"}'),
        ),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else "",
)
def test_earlier_calls_are_calls(item: dict[str, Any], call: ToolCall) -> None:
    assert messages(item) == (Message("assistant", (call,)),)


@pytest.mark.parametrize(
    ("item", "result"),
    [
        ({"type": "custom_tool_call_output", "call_id": "c", "output": "done"}, ToolResult("c", (Text("done"),))),
        (
            {"type": "custom_tool_call_output", "call_id": "c", "output": [{"type": "input_text", "text": "done"}]},
            ToolResult("c", (Text("done"),)),
        ),
        ({"type": "local_shell_call_output", "id": "c", "output": '{"o": 1}'}, ToolResult("c", (Text('{"o": 1}'),))),
        (
            {"type": "shell_call_output", "call_id": "c", "output": [{"stdout": "a", "stderr": ""}]},
            ToolResult("c", (Text('[{"stdout": "a", "stderr": ""}]'),)),
        ),
        (
            {"type": "apply_patch_call_output", "call_id": "c", "status": "failed", "output": "no such file"},
            ToolResult("c", (Text("no such file"),), is_error=True),
        ),
        (
            {"type": "apply_patch_call_output", "call_id": "c", "status": "completed"},
            ToolResult("c", (Text("completed"),)),
        ),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else "",
)
def test_earlier_results_are_results(item: dict[str, Any], result: ToolResult) -> None:
    assert messages(item) == (Message("tool", (result,)),)


@pytest.mark.parametrize(
    ("item", "param"),
    [
        ({"type": "custom_tool_call", "call_id": "c", "input": ""}, "input[0].name"),
        ({"type": "custom_tool_call", "call_id": "c", "name": "n", "input": {}}, "input[0].input"),
        ({"type": "local_shell_call", "call_id": "c", "action": "ls"}, "input[0].action"),
        ({"type": "shell_call_output", "output": []}, "input[0].call_id"),
        ({"type": "additional_tools", "role": "developer"}, "input[0].tools"),
        ({"type": "tool_search_output", "call_id": "c", "tools": [{"type": "function"}]}, "input[0].tools[0].name"),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else "",
)
def test_what_is_wrong_is_named(item: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parsed(input=[item])
    assert caught.value.param == param


# --- calls on their way back -------------------------------------------------------------------------------------

CALLS = {
    "namespace": (
        AGENTS,
        "agents__close_agent",
        '{"id":"1"}',
        {"type": "function_call", "name": "close_agent", "namespace": "agents", "arguments": '{"id":"1"}'},
    ),
    "plain": (LOOK, "look", "{}", {"type": "function_call", "name": "look", "arguments": "{}"}),
    "custom": (
        PATCH,
        "apply_patch",
        r'{"input":"a\nb"}',
        {"type": "custom_tool_call", "name": "apply_patch", "input": "a\nb"},
    ),
    "custom in a namespace": (
        AGENTS | {"tools": [PATCH]},
        "agents__apply_patch",
        '{"input":"a"}',
        {"type": "custom_tool_call", "name": "apply_patch", "namespace": "agents", "input": "a"},
    ),
    "local shell": (
        {"type": "local_shell"},
        "local_shell",
        '{"command":["ls"],"working_directory":"/"}',
        {
            "type": "local_shell_call",
            "action": {"type": "exec", "env": {}, "command": ["ls"], "working_directory": "/"},
        },
    ),
    "shell": (
        {"type": "shell"},
        "shell",
        '{"commands":["ls"]}',
        {"type": "shell_call", "action": {"commands": ["ls"]}},
    ),
    "patch": (
        {"type": "apply_patch"},
        "apply_patch",
        '{"type":"create_file","path":"a","diff":"+b"}',
        {"type": "apply_patch_call", "operation": {"type": "create_file", "path": "a", "diff": "+b"}},
    ),
    "search": (
        SEARCH,
        "tool_search",
        '{"query":"x"}',
        {"type": "tool_search_call", "execution": "client", "arguments": {"query": "x"}},
    ),
}


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(("tool", "name", "arguments", "expected"), CALLS.values(), ids=CALLS)
def test_calls_come_back_in_the_clients_form(
    tool: dict[str, Any], name: str, arguments: str, expected: dict[str, Any], streamed: bool
) -> None:
    item = called(name, arguments, tool, streamed=streamed)
    del item["id"]
    assert item == {"call_id": "c1", "status": "completed", **expected}


@pytest.mark.parametrize(("tool", "name", "arguments", "expected"), CALLS.values(), ids=CALLS)
def test_what_came_back_is_the_same_call_in_the_next_turn(
    tool: dict[str, Any], name: str, arguments: str, expected: dict[str, Any]
) -> None:
    item = called(name, arguments, tool, streamed=False)
    ((call,),) = [message.parts for message in messages(item, tools=[tool])]
    assert isinstance(call, ToolCall)
    assert (call.id, call.name, json.loads(call.arguments)) == ("c1", name, json.loads(arguments))


def test_the_events_of_a_custom_tools_call() -> None:
    events = streamed_events(parsed(PATCH, stream=True), ToolCall("c1", "apply_patch", ""), '{"input":"a"}')
    assert [event["type"] for event in events] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.custom_tool_call_input.delta",
        "response.custom_tool_call_input.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert (events[2]["item"]["input"], events[3]["delta"], events[4]["input"]) == ("", "a", "a")


def test_a_text_alone_is_a_custom_tools_input() -> None:
    assert called("apply_patch", "*** Begin", PATCH, streamed=False)["input"] == "*** Begin"
    assert called("apply_patch", '{"patch":"p"}', PATCH, streamed=False)["input"] == '{"patch":"p"}'


def test_arguments_that_are_no_object_are_an_incomplete_call() -> None:
    item = called("shell", '{"commands":["l', {"type": "shell"}, streamed=True)
    assert (item["status"], item["action"]) == ("incomplete", {"commands": []})
