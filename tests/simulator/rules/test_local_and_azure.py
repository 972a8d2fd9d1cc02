"""The other vendors on OpenAI's wire: Azure by its version, vLLM and llama.cpp."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.rules.support import Case, Wire, case_ids, uncovered
from turnout.simulator import Simulator
from turnout.simulator.rules import azure, llamacpp, openai_chat, vllm

HI: Any = {"role": "user", "content": "hi"}
CALL: Any = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
TOOL = {"type": "function", "function": {"name": "f"}}
STREAM = {"stream": True, "stream_options": {"include_usage": True}}
SCHEMA = {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}}

AZURE = Wire("/openai/deployments/sim/chat/completions", {"messages": [HI], "_query": "?api-version=2024-06-01"})
AZURE_CASES = [
    Case(
        "fields_are_in_the_version",
        STREAM,
        "Unrecognized request argument supplied: stream_options",
        STREAM | {"_query": "?api-version=2024-10-21"},
    ),
    Case(
        "fields_are_in_the_version",
        {"tools": [TOOL], "parallel_tool_calls": False, "max_completion_tokens": 9},
        "Unrecognized request arguments supplied: parallel_tool_calls, max_completion_tokens",
        {"tools": [TOOL], "max_tokens": 9},
    ),
    Case(
        "schemas_are_in_the_version",
        SCHEMA,
        "response_format value as json_schema is enabled only for api versions 2024-08-01-preview and later",
        SCHEMA | {"_query": "?api-version=2024-08-01-preview"},
        code="BadRequest",
    ),
]

VLLM = Wire("/vllm/v1/chat/completions", {"model": "sim", "messages": [HI]})
VLLM_CASES = [
    Case(
        "stream_options_need_a_stream",
        {"stream_options": {"include_usage": True}},
        "Stream options can only be defined when `stream=True`. (parameter=stream_options)",
        STREAM,
        "stream_options",
    ),
    Case(
        "no_empty_tools",
        {"tools": []},
        "`tools` must not be an empty array. Either provide at least one tool or omit the field entirely. "
        "(parameter=tools)",
        {"tools": [TOOL]},
        "tools",
    ),
    Case(
        "tools_before_their_choice",
        {"tool_choice": "auto"},
        "When using `tool_choice`, `tools` must be set. (parameter=tool_choice)",
        {"tool_choice": "none", "parallel_tool_calls": False},
        "tool_choice",
    ),
    Case(
        "choice_is_offered",
        {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "g"}}},
        "The tool specified in `tool_choice` does not match any of the specified `tools` (parameter=tool_choice)",
        {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "f"}}},
        "tool_choice",
    ),
    Case(
        "likely_tokens_need_logprobs",
        {"top_logprobs": 2},
        "when using `top_logprobs`, `logprobs` must be set to true. (parameter=top_logprobs)",
        {"top_logprobs": 2, "logprobs": True},
        "top_logprobs",
    ),
    Case(
        "temperature_is_positive",
        {"temperature": -1},
        "temperature must be non-negative, got -1.0.",
        {"temperature": 0, "chat_template_kwargs": {"enable_thinking": False}},
        "temperature",
    ),
    Case(
        "one_way_to_end_the_prompt",
        {"continue_final_message": True},
        "Cannot set both `continue_final_message` and `add_generation_prompt` to True. "
        "(parameter=continue_final_message)",
        {"continue_final_message": True, "add_generation_prompt": False},
        "continue_final_message",
    ),
    Case(
        "parts_are_known",
        {"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "a"}}]}]},
        "Unknown part type: file",
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]},
    ),
]

LLAMACPP = Wire("/llamacpp/v1/chat/completions", {"model": "sim", "messages": [HI]})
LLAMACPP_CASES = [
    Case(
        "grammar_excludes_tools",
        {"grammar": "root ::= [a-z]", "tools": [TOOL]},
        "Cannot use custom grammar constraints with tools.",
        {"grammar": "root ::= [a-z]"},
    ),
    Case(
        "format_is_known",
        {"response_format": {"type": "grammar"}},
        'response_format type must be one of "text" or "json_object", but got: grammar',
        {"response_format": {"type": "json_object"}},
    ),
    Case(
        "content_is_there",
        {"messages": [{"role": "user"}]},
        "All non-assistant messages must contain 'content'",
        {"messages": [HI, {"role": "assistant", "content": None}]},
    ),
    Case(
        "content_is_there",
        {"messages": [HI, {"role": "assistant"}]},
        "Assistant message must contain either 'content' or 'tool_calls'!",
        {"messages": [HI, {"role": "assistant", "content": ""}]},
    ),
    Case(
        "parts_are_known",
        {"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "a"}}]}]},
        "unsupported content[].type",
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]},
    ),
    Case(
        "one_prefill",
        {"messages": [HI, {"role": "assistant", "content": "a"}, {"role": "assistant", "content": "b"}]},
        "Cannot have 2 or more assistant messages at the end of the list.",
        {"messages": [HI, {"role": "assistant", "content": "a"}, HI, {"role": "assistant", "content": "b"}]},
    ),
    Case(
        "one_way_to_end_the_prompt",
        {"continue_final_message": True},
        "Cannot set both add_generation_prompt and continue_final_message to true.",
        {"continue_final_message": True, "add_generation_prompt": False},
    ),
    Case(
        "calls_end_a_message",
        {"messages": [HI, {"role": "assistant", "tool_calls": [CALL]}]},
        "Cannot continue an assistant message that contains tool calls.",
        {"messages": [HI, {"role": "assistant", "tool_calls": [CALL]}, {"role": "tool", "content": "x"}]},
    ),
    Case(
        "logprobs_exclude_streamed_tools",
        {"logprobs": True, "tools": [TOOL], "stream": True},
        "logprobs is not supported with tools + stream",
        {"logprobs": True, "tools": [TOOL]},
    ),
    Case(
        "likely_tokens_need_logprobs",
        {"top_logprobs": 2},
        "top_logprobs requires logprobs to be set to true",
        {"top_logprobs": 2, "logprobs": True},
    ),
]


@pytest.mark.parametrize("case", AZURE_CASES, ids=case_ids(AZURE_CASES))
async def test_a_rule_of_azures(simulated: Simulator, case: Case) -> None:
    refused = await AZURE.ask(simulated, case.refused)
    error = {"message": case.words, "type": "invalid_request_error", "param": None, "code": case.code}
    assert (refused.status, refused.json) == (400, {"error": error})
    assert (await AZURE.ask(simulated, case.passes)).status == 200


async def test_azure_has_openais_rules_too_and_v1_has_no_date(simulated: Simulator) -> None:
    refused = await AZURE.ask(simulated, {"user": "u" * 65})
    assert refused.json["error"]["code"] == "string_above_max_length"
    undated = Wire("/openai/v1/chat/completions", {"model": "sim", "messages": [HI]})
    assert (await undated.ask(simulated, STREAM | SCHEMA)).status == 200


@pytest.mark.parametrize("case", VLLM_CASES, ids=case_ids(VLLM_CASES))
async def test_a_rule_of_vllms(simulated: Simulator, case: Case) -> None:
    refused = await VLLM.ask(simulated, case.refused)
    error = refused.json["error"]
    assert (refused.status, error["type"], error["code"], error["param"]) == (400, "BadRequestError", 400, case.param)
    if case.words.endswith(")"):
        assert error["message"].startswith("1 validation error:\n  {'type': 'value_error', 'loc': ('body',), 'msg': ")
        assert f"Value error, {case.words}" in error["message"]
    else:
        assert error["message"] == case.words
    assert (await VLLM.ask(simulated, case.passes)).status == 200


@pytest.mark.parametrize("case", LLAMACPP_CASES, ids=case_ids(LLAMACPP_CASES))
async def test_a_rule_of_llamacpps(simulated: Simulator, case: Case) -> None:
    refused = await LLAMACPP.ask(simulated, case.refused)
    error = {"message": case.words, "type": "invalid_request_error", "code": 400}
    assert (refused.status, refused.json) == (400, {"error": error})
    assert (await LLAMACPP.ask(simulated, case.passes)).status == 200


async def test_llamacpp_takes_a_schema_or_a_grammar(simulated: Simulator) -> None:
    """It is a runtime error there, so it has another status."""
    refused = await LLAMACPP.ask(simulated, {"grammar": "root ::= [a-z]", "json_schema": {}})
    error = {"message": "Cannot use both json_schema and grammar", "type": "server_error", "code": 500}
    assert (refused.status, refused.json) == (500, {"error": error})
    assert (await LLAMACPP.ask(simulated, {"json_schema": {}})).status == 200


def test_every_rule_has_a_case() -> None:
    assert uncovered([rule for rule in azure.RULES if rule not in openai_chat.RULES], AZURE_CASES) == set()
    assert uncovered(vllm.RULES, VLLM_CASES) == set()
    assert uncovered(llamacpp.RULES, LLAMACPP_CASES) == {"grammar_excludes_a_schema"}
