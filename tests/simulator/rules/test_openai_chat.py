from __future__ import annotations

from typing import Any, get_type_hints

import pytest
from openai.types import chat
from openai.types.chat import completion_create_params

from tests.simulator.rules.support import Case, Wire, case_ids, uncovered
from turnout.simulator import Simulator
from turnout.simulator.rules import openai_chat

HI: Any = {"role": "user", "content": "hi"}
WIRE = Wire("/v1/chat/completions", {"model": "sim", "messages": [HI]})
IMAGE = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
TEXT = {"type": "text", "text": "hi"}
CITY = {"type": "object", "properties": {"city": {"type": "string"}}}
STRICT = {**CITY, "required": ["city"], "additionalProperties": False}


def tool(name: str = "f", **more: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, **more}}


def call(id_: str = "a", name: str = "f") -> dict[str, Any]:
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": "{}"}}


def conversation(*more: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [HI, *more]}


def answered(*calls: dict[str, Any]) -> dict[str, Any]:
    results = [{"role": "tool", "tool_call_id": one["id"], "content": "ok"} for one in calls]
    return conversation({"role": "assistant", "content": None, "tool_calls": [*calls]}, *results)


def schema(**schema_: Any) -> dict[str, Any]:
    inner = {"name": "x", "strict": True, "schema": schema_}
    return {"response_format": {"type": "json_schema", "json_schema": inner}}


CASES = [
    Case(
        "fields_are_known",
        {"model": "gpt-4o", "thinking": {}},
        "Unrecognized request argument supplied: thinking",
        {"model": "gpt-4o", "seed": 1},
    ),
    Case(
        "fields_are_known",
        {"model": "gpt-4o-mini", "top_k": 1, "reasoning_effort": "low"},
        "Unrecognized request arguments supplied: top_k, reasoning_effort",
        {"model": "o3", "reasoning_effort": "low"},
    ),
    Case(
        "fields_are_known",
        {"model": "o4-mini", "reasoning": {"effort": "low"}},
        "Unknown parameter: 'reasoning'.",
        {"model": "o4-mini", "reasoning_effort": "low"},
        "reasoning",
        "unknown_parameter",
    ),
    Case(
        "message_fields_are_known",
        conversation({"role": "assistant", "content": "so", "reasoning_content": "hm"}),
        "Unknown parameter: 'messages[1].reasoning_content'.",
        conversation({"role": "assistant", "content": "so", "refusal": None}),
        "messages[1].reasoning_content",
        "unknown_parameter",
    ),
    Case(
        "user_is_short",
        {"user": "u" * 65},
        "Invalid 'user': string too long. Expected a string with maximum length 64, but got a string with length 65 "
        "instead.",
        {"user": "u" * 64},
        "user",
        "string_above_max_length",
    ),
    Case(
        "metadata_is_small",
        {"store": True, "metadata": {str(n): "x" for n in range(17)}},
        "Invalid 'metadata': too many properties. Expected an object with at most 16 properties, but got an object "
        "with 17 properties instead.",
        {"store": True, "metadata": {str(n): "x" for n in range(16)}},
        "metadata",
        "object_above_max_properties",
    ),
    Case(
        "metadata_is_stored",
        {"metadata": {"a": "b"}},
        "The 'metadata' parameter is only allowed when 'store' is enabled.",
        {"metadata": {"a": "b"}, "store": True},
        "metadata",
    ),
    Case(
        "stream_options_need_a_stream",
        {"stream_options": {"include_usage": True}},
        "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
        {"stream_options": {"include_usage": True}, "stream": True},
        "stream_options",
    ),
    Case(
        "content_is_there",
        conversation({"role": "assistant", "content": None}),
        "Invalid value for 'content': expected a string, got null.",
        conversation({"role": "assistant", "content": ""}),
        "messages.[1].content",
    ),
    Case(
        "content_is_there",
        conversation({"role": "assistant", "content": "so", "tool_calls": []}),
        "Invalid 'messages[1].tool_calls': empty array. Expected an array with minimum length 1, but got an empty "
        "array instead.",
        answered(call()),
        "messages[1].tool_calls",
        "empty_array",
    ),
    Case(
        "images_are_the_users",
        {
            "messages": [
                *answered(call())["messages"][:2],
                {"role": "tool", "tool_call_id": "a", "content": [TEXT, IMAGE]},
            ]
        },
        "Invalid 'messages[2]'. Image URLs are only allowed for messages with role 'user', but this message with role "
        "'tool' contains an image URL.",
        {"messages": [*answered(call())["messages"], {"role": "user", "content": [TEXT, IMAGE]}]},
        "messages[2]",
        "invalid_value",
    ),
    Case(
        "parts_fit_their_role",
        conversation({"role": "assistant", "content": [{"type": "thinking", "thinking": "hm"}]}),
        "Invalid value: 'thinking'. Supported values are: 'text' and 'refusal'.",
        conversation({"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]}),
        "messages[1].content[0].type",
        "invalid_value",
    ),
    Case(
        "calls_have_short_ids",
        answered(call("c" * 41)),
        "Invalid 'messages[1].tool_calls[0].id': string too long. Expected a string with maximum length 40, but got a "
        "string with length 41 instead.",
        answered(call("c" * 40)),
        "messages[1].tool_calls[0].id",
        "string_above_max_length",
    ),
    Case(
        "results_answer_calls",
        conversation({"role": "tool", "tool_call_id": "a", "content": "ok"}),
        "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.",
        answered(call("a"), call("b")),
        "messages.[1].role",
    ),
    Case(
        "results_answer_calls",
        {"messages": [*answered(call("a"), call("b"))["messages"][:3], HI]},
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. "
        "The following tool_call_ids did not have response messages: b",
        {"messages": [*answered(call("a"), call("b"))["messages"], HI]},
        "messages.[3].role",
    ),
    Case(
        "no_empty_tools",
        {"tools": []},
        "Invalid 'tools': empty array. Expected an array with minimum length 1, but got an empty array instead.",
        {"tools": [tool()]},
        "tools",
        "empty_array",
    ),
    Case(
        "tools_are_few",
        {"tools": [tool(f"f{n}") for n in range(129)]},
        "Invalid 'tools': array too long. Expected an array with maximum length 128, but got an array with length 129 "
        "instead.",
        {"tools": [tool(f"f{n}") for n in range(128)]},
        "tools",
        "array_above_max_length",
    ),
    Case(
        "tools_before_their_choice",
        {"tool_choice": "none"},
        "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.",
        {"tool_choice": "none", "tools": [tool()]},
        "tool_choice",
    ),
    Case(
        "tools_before_their_choice",
        {"parallel_tool_calls": False},
        "Invalid value for 'parallel_tool_calls': 'parallel_tool_calls' is only allowed when 'tools' are specified.",
        {"parallel_tool_calls": None},
        "parallel_tool_calls",
    ),
    Case(
        "function_names_are_plain",
        {"tools": [tool("a.b")]},
        "Invalid 'tools[0].function.name': string does not match pattern. Expected a string that matches the pattern "
        "'^[a-zA-Z0-9_-]+$'.",
        {"tools": [tool("a_b-C1")]},
        "tools[0].function.name",
        "invalid_value",
    ),
    Case(
        "function_names_are_plain",
        answered(call(name="f" * 65)),
        "Invalid 'messages[1].tool_calls[0].function.name': string too long. Expected a string with maximum length 64, "
        "but got a string with length 65 instead.",
        answered(call(name="f" * 64)),
        "messages[1].tool_calls[0].function.name",
        "string_above_max_length",
    ),
    Case(
        "functions_have_valid_schemas",
        {"tools": [tool(parameters={"type": "string"})]},
        "Invalid schema for function 'f': schema must be a JSON Schema of 'type: \"object\"', got 'type: \"string\"'.",
        {"tools": [tool(), tool("g", parameters=CITY)]},
        "tools[0].function.parameters",
        "invalid_function_parameters",
    ),
    Case(
        "functions_have_valid_schemas",
        {"tools": [tool(parameters={**STRICT, "required": []}, strict=True)]},
        "Invalid schema for function 'f': In context=(), 'required' is required to be supplied and to be an array "
        "including every key in properties. Missing 'city'.",
        {"tools": [tool(parameters=STRICT, strict=True)]},
        "tools[0].function.parameters",
        "invalid_function_parameters",
    ),
    Case(
        "response_schema_is_strict",
        schema(**{**STRICT, "properties": {"city": {"type": ["object", "null"], "properties": {}}}}),
        "Invalid schema for response_format 'x': In context=('properties', 'city'), 'additionalProperties' is required "
        "to be supplied and to be false.",
        schema(**STRICT),
        "response_format",
    ),
    Case(
        "json_is_asked_for",
        {"response_format": {"type": "json_object"}},
        "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
        {"response_format": {"type": "json_object"}, "messages": [{"role": "user", "content": "Say Json"}]},
        "messages",
    ),
    Case(
        "max_tokens_has_its_new_name",
        {"model": "gpt-5", "max_tokens": 9},
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        {"model": "gpt-5", "max_completion_tokens": 9},
        "max_tokens",
        "unsupported_parameter",
    ),
    Case(
        "limit_is_positive",
        {"max_tokens": 0},
        "Invalid 'max_tokens': integer below minimum value. Expected a value >= 1, but got 0 instead.",
        {"max_tokens": 1},
        "max_tokens",
        "integer_below_min_value",
    ),
    Case(
        "limit_is_the_models",
        {"model": "gpt-4o-mini", "max_tokens": 16385},
        "max_tokens is too large: 16385. This model supports at most 16384 completion tokens, whereas you provided "
        "16385.",
        {"model": "gpt-4o-mini", "max_tokens": 16384},
        "max_tokens",
        "invalid_value",
    ),
    Case(
        "reasoning_samples_by_default",
        {"model": "gpt-5.1", "temperature": 0},
        "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.",
        {"model": "gpt-5.1", "temperature": 0, "reasoning_effort": "none"},
        "temperature",
        "unsupported_value",
    ),
    Case(
        "reasoning_samples_by_default",
        {"model": "o3", "presence_penalty": 0.5},
        "Unsupported parameter: 'presence_penalty' is not supported with this model.",
        {"model": "o3", "temperature": 1, "top_p": 1, "presence_penalty": 0},
        "presence_penalty",
        "unsupported_parameter",
    ),
    Case(
        "reasoning_has_no_stops",
        {"model": "o3", "stop": ["x"]},
        "Unsupported parameter: 'stop' is not supported with this model.",
        {"model": "gpt-4o", "stop": ["x"]},
        "stop",
        "unsupported_parameter",
    ),
    Case(
        "stops_are_few",
        {"stop": list("abcde")},
        "Invalid 'stop': array too long. Expected an array with maximum length 4, but got an array with length 5 "
        "instead.",
        {"stop": list("abcd")},
        "stop",
        "array_above_max_length",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=case_ids(CASES))
async def test_a_rule(simulated: Simulator, case: Case) -> None:
    refused = await WIRE.ask(simulated, case.refused)
    error = {"message": case.words, "type": "invalid_request_error", "param": case.param, "code": case.code}
    assert (refused.status, refused.json) == (400, {"error": error})
    assert (await WIRE.ask(simulated, case.passes)).status == 200


def test_every_rule_has_a_case() -> None:
    assert uncovered(openai_chat.RULES, CASES) == set()


def test_the_fields_are_those_of_the_sdk() -> None:
    declared = get_type_hints(completion_create_params.CompletionCreateParamsStreaming)
    assert declared.keys() == openai_chat.FIELDS
    for role, fields in openai_chat.MESSAGE_FIELDS.items():
        assert get_type_hints(getattr(chat, f"ChatCompletion{role.title()}MessageParam")).keys() == fields
