from __future__ import annotations

from typing import Any, get_type_hints

import pytest
from openai.types.responses import response_create_params

from tests.simulator.rules.support import Case, Wire, case_ids, uncovered
from turnout.simulator import Simulator
from turnout.simulator.rules import openai_responses

WIRE = Wire("/v1/responses", {"model": "sim", "input": "hi"})
HI: Any = {"role": "user", "content": "hi"}
CALL: Any = {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"}
RESULT: Any = {"type": "function_call_output", "call_id": "a", "output": "ok"}
STRICT = {"type": "object", "properties": {}, "additionalProperties": False}
JSON = {"text": {"format": {"type": "json_object"}}}


def conversation(*items: dict[str, Any]) -> dict[str, Any]:
    return {"input": [HI, *items]}


def tool(**more: Any) -> dict[str, Any]:
    return {"tools": [{"type": "function", "name": "f", **more}]}


def schema(**schema_: Any) -> dict[str, Any]:
    return {"text": {"format": {"type": "json_schema", "name": "x", "strict": True, "schema": schema_}}}


CASES = [
    Case(
        "fields_are_known",
        {"max_tokens": 99},
        "Unknown parameter: 'max_tokens'.",
        {"max_output_tokens": 99},
        "max_tokens",
        "unknown_parameter",
    ),
    Case(
        "item_fields_are_known",
        conversation({"role": "assistant", "content": "so", "reasoning_content": "hm"}),
        "Unknown parameter: 'input[1].reasoning_content'.",
        conversation({"role": "assistant", "content": "so", "status": "completed", "id": "msg_1"}),
        "input[1].reasoning_content",
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
        {"metadata": {"a": "x" * 513}},
        "Invalid 'metadata.a': string too long. Expected a string with maximum length 512, but got a string with "
        "length 513 instead.",
        {"metadata": {"a": "x" * 512}},
        "metadata.a",
        "string_above_max_length",
    ),
    Case(
        "parts_fit_their_role",
        conversation({"role": "assistant", "content": [{"type": "input_text", "text": "so"}]}),
        "Invalid value: 'input_text'. Supported values are: 'output_text' and 'refusal'.",
        conversation({"role": "assistant", "content": [{"type": "output_text", "text": "so"}]}),
        "input[1].content[0]",
        "invalid_value",
    ),
    Case(
        "call_ids_are_short",
        conversation(CALL | {"call_id": "c" * 65}, RESULT | {"call_id": "c" * 65}),
        "Invalid 'input[1].call_id': string too long. Expected a string with maximum length 64, but got a string with "
        "length 65 instead.",
        conversation(CALL | {"call_id": "c" * 64}, RESULT | {"call_id": "c" * 64}),
        "input[1].call_id",
        "string_above_max_length",
    ),
    Case(
        "results_answer_calls",
        conversation(RESULT),
        "No tool call found for function call output with call_id a.",
        conversation(CALL, RESULT),
        "input",
    ),
    Case(
        "results_answer_calls",
        conversation(CALL, CALL | {"call_id": "b"}, RESULT),
        "No tool output found for function call b.",
        conversation(CALL, CALL | {"call_id": "b"}, RESULT | {"call_id": "b"}, RESULT),
        "input",
    ),
    Case(
        "function_names_are_plain",
        tool(name="a.b"),
        "Invalid 'tools[0].name': string does not match pattern. Expected a string that matches the pattern "
        "'^[a-zA-Z0-9_-]+$'.",
        tool(name="a-b"),
        "tools[0].name",
        "invalid_value",
    ),
    Case(
        "functions_have_valid_schemas",
        tool(strict=True, parameters={**STRICT, "additionalProperties": True}),
        "Invalid schema for function 'f': In context=(), 'additionalProperties' is required to be supplied and to be "
        "false.",
        tool(strict=True, parameters=STRICT),
        "tools[0].parameters",
        "invalid_function_parameters",
    ),
    Case(
        "response_schema_is_strict",
        schema(type="object"),
        "Invalid schema for response_format 'x': In context=(), 'additionalProperties' is required to be supplied and "
        "to be false.",
        schema(**STRICT),
        "text.format.schema",
        "invalid_json_schema",
    ),
    Case(
        "json_is_asked_for",
        JSON,
        "Response input messages must contain the word 'json' in some form to use 'text.format' of type 'json_object'.",
        JSON | {"input": "JSON, please"},
        "input",
    ),
    Case(
        "limit_is_enough",
        {"max_output_tokens": 15},
        "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got 15 instead.",
        {"max_output_tokens": 16},
        "max_output_tokens",
        "integer_below_min_value",
    ),
    Case(
        "reasoning_samples_by_default",
        {"model": "gpt-5.2", "temperature": 0.5},
        "Unsupported parameter: 'temperature' is not supported with this model.",
        {"model": "gpt-5.2", "temperature": 0.5, "reasoning": {"effort": "none"}},
        "temperature",
    ),
    Case(
        "only_reasoning_has_an_effort",
        {"model": "gpt-4o", "reasoning": {"effort": "low"}},
        "Unsupported parameter: 'reasoning.effort' is not supported with this model.",
        {"model": "gpt-5", "reasoning": {"effort": "low"}},
        "reasoning.effort",
        "unsupported_parameter",
    ),
    Case(
        "only_reasoning_is_encrypted",
        {"model": "gpt-4.1", "include": ["reasoning.encrypted_content"]},
        "Encrypted content is not supported with this model.",
        {"model": "o3", "include": ["reasoning.encrypted_content"]},
        "include",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=case_ids(CASES))
async def test_a_rule(simulated: Simulator, case: Case) -> None:
    refused = await WIRE.ask(simulated, case.refused)
    error = {"message": case.words, "type": "invalid_request_error", "param": case.param, "code": case.code}
    assert (refused.status, refused.json) == (400, {"error": error})
    assert (await WIRE.ask(simulated, case.passes)).status == 200


def test_every_rule_has_a_case() -> None:
    assert uncovered(openai_responses.RULES, CASES) == set()


def test_the_fields_are_those_of_the_sdk() -> None:
    declared = get_type_hints(response_create_params.ResponseCreateParamsStreaming)
    assert openai_responses.FIELDS - declared.keys() == {"client_metadata"}
    assert declared.keys() <= openai_responses.FIELDS


async def test_a_continued_conversation_may_answer_earlier_calls(simulated: Simulator) -> None:
    first = await WIRE.ask(simulated, {"model": "sim-tools", **tool()})
    result = RESULT | {"call_id": first.json["output"][0]["call_id"]}
    asked = {"input": [result], "previous_response_id": first.json["id"]}
    assert (await WIRE.ask(simulated, asked)).status == 200
