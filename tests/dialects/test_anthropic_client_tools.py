"""Tools that Anthropic defines and the client runs: functions elsewhere, and as they came at Anthropic."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.whole_requests import read_whole
from turnout.core import Answer, ChatRequest, Choice, Deployment, Finish, Secret, ToolCall, ToolChoice, with_messages
from turnout.dialects import ReplyContext
from turnout.dialects.anthropic import DIALECTS
from turnout.errors import InvalidRequest
from turnout.fitting import fit
from turnout.providers.anthropic import PROVIDERS as ANTHROPIC
from turnout.providers.gemini import PROVIDERS as GEMINI

ENDPOINT = DIALECTS[0].endpoints[0]
CONTEXT = ReplyContext(request_id="req_1", model="m", created=1_790_000_000)
BASH = {"type": "bash_20250124", "name": "bash"}
EDITOR = {"type": "text_editor_20250728", "name": "str_replace_based_edit_tool", "max_characters": 9000}
OLD_EDITOR = {"type": "text_editor_20250124", "name": "str_replace_editor"}
MEMORY = {"type": "memory_20250818", "name": "memory", "cache_control": {"type": "ephemeral"}}
COMPUTER = {"type": "computer_20251124", "name": "computer", "display_width_px": 1280, "display_height_px": 800}
FIRST_COMPUTER = COMPUTER | {"type": "computer_20241022"}
EVERY = [BASH, EDITOR, OLD_EDITOR, MEMORY, COMPUTER, FIRST_COMPUTER]
SEARCH = {"type": "web_search_20250305", "name": "web_search", "max_uses": 3}


def parsed(*tools: Any, **fields: Any) -> ChatRequest:
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Go."}], "tools": list(tools)}
    return read_whole(ENDPOINT, json.dumps(body | fields).encode())


def deployment(provider: str) -> Deployment:
    return Deployment(id="d", provider=provider, model="m-1", api_key=Secret("k"), base_url="http://127.0.0.1:1")


def properties(tool: dict[str, Any]) -> dict[str, Any]:
    (function,) = parsed(tool).tools
    schema = json.loads(bytes(function.parameters or b""))
    assert set(schema["required"]) <= set(schema["properties"])
    fields: dict[str, Any] = schema["properties"]
    return fields


@pytest.mark.parametrize("tool", EVERY, ids=lambda tool: tool["type"])
def test_another_provider_gets_a_function_of_the_same_name(tool: dict[str, Any]) -> None:
    (provider,) = GEMINI
    request = parsed(tool)
    fitted = fit(request, provider.name, provider.support, deployment("gemini"))
    assert [change.field for change in fitted.changes if change.kept] == ["tools[0]"]
    sent = json.loads(provider.operation(fitted.request).build(fitted.request, deployment("gemini")).body)
    (function,) = sent["tools"][0]["functionDeclarations"]
    assert function["name"] == tool["name"]
    assert function["description"]
    assert function["parametersJsonSchema"]["properties"]


@pytest.mark.parametrize("tool", [*EVERY, SEARCH], ids=lambda tool: tool["type"])
def test_anthropic_gets_what_came_also_when_the_request_is_written_anew(tool: dict[str, Any]) -> None:
    (provider,) = ANTHROPIC
    request = with_messages(parsed(tool), tuple(parsed(tool).messages))
    fitted = fit(request, provider.name, provider.support, deployment("anthropic"))
    assert fitted.changes == ()
    sent = json.loads(provider.operation(fitted.request).build(fitted.request, deployment("anthropic")).body)
    assert sent["tools"] == [tool]


def test_what_other_models_have_no_place_for_is_named() -> None:
    (provider,) = GEMINI
    request = parsed(EDITOR, MEMORY, COMPUTER, SEARCH)
    changes = fit(request, provider.name, provider.support, deployment("gemini")).changes
    assert {change.field for change in changes if not change.kept} == {
        "tools[0].max_characters",
        "tools[1].cache_control",
        "tools[3]",
    }


def test_each_version_has_its_own_parameters() -> None:
    assert "undo_edit" in properties(OLD_EDITOR)["command"]["enum"]
    assert "insert_text" not in properties(OLD_EDITOR)
    assert "undo_edit" not in properties(EDITOR)["command"]["enum"]
    assert "insert_text" in properties(EDITOR)
    assert "zoom" in properties(COMPUTER)["action"]["enum"]
    assert "scroll" not in properties(FIRST_COMPUTER)["action"]["enum"]
    assert set(properties(BASH)) == {"command", "restart"}
    assert {"old_path", "new_path"} <= set(properties(MEMORY))


def test_the_model_is_told_how_large_the_screen_is() -> None:
    (tool,) = parsed(COMPUTER).tools
    assert "1280 x 800" in (tool.description or "")


def test_such_a_tool_can_be_chosen() -> None:
    request = parsed(BASH, EDITOR, tool_choice={"type": "tool", "name": "bash"})
    assert request.tool_choice == ToolChoice("tool", "bash")


def test_its_call_comes_back_under_its_name() -> None:
    part = ToolCall("t1", "bash", '{"command": "ls"}')
    answer = Answer(choices=(Choice(0, (part,), Finish("tool_calls", "tool_calls")),))
    (block,) = json.loads(ENDPOINT.body(parsed(BASH), answer, CONTEXT))["content"]
    assert (block["type"], block["name"], block["input"]) == ("tool_use", "bash", {"command": "ls"})


def test_a_tool_needs_a_name() -> None:
    with pytest.raises(InvalidRequest) as caught:
        parsed({"type": "bash_20250124"})
    assert caught.value.param == "tools.0.name"


def test_what_a_search_of_the_client_has_found_is_told() -> None:
    """Anthropic gets the block, and other providers its words."""
    found = {"type": "tool_reference", "tool_name": "weather"}
    messages = [
        {"role": "user", "content": "Go."},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "find", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": [found]}]},
    ]
    weather = {"name": "weather", "input_schema": {"type": "object"}, "defer_loading": True}
    find = {"name": "find", "input_schema": {"type": "object"}}
    request = parsed(find, weather, messages=messages)
    (provider,) = GEMINI
    fitted = fit(request, provider.name, provider.support, deployment("gemini"))
    sent = provider.operation(fitted.request).build(fitted.request, deployment("gemini")).body
    assert b"The tool 'weather' can be called." in sent
    (provider_of_claude,) = ANTHROPIC
    anew = with_messages(request, tuple(request.messages))
    body = json.loads(provider_of_claude.operation(anew).build(anew, deployment("anthropic")).body)
    assert body["messages"][2]["content"][0]["content"] == [found]
