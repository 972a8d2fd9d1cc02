from __future__ import annotations

from typing import Any, get_type_hints

import pytest
from anthropic import types
from anthropic.types import message_count_tokens_params, message_create_params
from anthropic.types.beta import message_create_params as beta_params

from tests.simulator.rules.support import ABSENT, Case, Wire, case_ids, uncovered
from turnout.simulator import Simulator
from turnout.simulator.answer import signature
from turnout.simulator.rules import anthropic, anthropic_messages

HI: Any = {"role": "user", "content": "hi"}
SO: Any = {"role": "assistant", "content": "so"}
VERSION = {"anthropic-version": "2023-06-01"}
WIRE = Wire("/v1/messages", {"model": "sim", "max_tokens": 99, "messages": [HI]}, VERSION)
COUNT = Wire("/v1/messages/count_tokens", {"model": "sim", "messages": [HI]}, VERSION)
TOOL = {"name": "f", "input_schema": {"type": "object"}}
CALL: Any = {"type": "tool_use", "id": "a", "name": "f", "input": {}}
RESULT: Any = {"type": "tool_result", "tool_use_id": "a", "content": "ok"}
THOUGHT: Any = {"type": "thinking", "thinking": "hm", "signature": signature("hm")}
GUIDE = "Please consult our documentation at https://docs.claude.com/en/docs/build-with-claude/extended-thinking"
CONSIDER = f"{GUIDE}#important-considerations-when-using-extended-thinking"
BUDGET = {"max_tokens": 2000, "thinking": {"type": "enabled", "budget_tokens": 1024}}
ADAPTIVE = {"thinking": {"type": "adaptive"}}
CLEARING = {
    "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
    "_headers": {"anthropic-beta": "context-management-2025-06-27"},
}


def says(role: str, *blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": role, "content": [*blocks]}


def text(text_: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": text_, **more}


def loop(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [HI, says("assistant", *blocks), says("user", RESULT)], "tools": [TOOL]}


def marked(count: int) -> dict[str, Any]:
    marker = {"cache_control": {"type": "ephemeral"}}
    blocks = [text("hi", **marker) for _ in range(count - 2)]
    return {"system": [text("be", **marker)], "tools": [TOOL | marker], "messages": [says("user", *blocks)]}


def image(media_type: str) -> dict[str, Any]:
    source = {"type": "base64", "media_type": media_type, "data": "YWJj"}
    return {"messages": [says("user", {"type": "image", "source": source})]}


FIELDS = [
    Case("fields_are_known", {"seed": 1}, "seed: Extra inputs are not permitted", {"top_k": 1}),
    Case(
        "fields_are_known",
        {"context_management": {}},
        "context_management: Extra inputs are not permitted",
        {"context_management": {}, "_headers": {"anthropic-beta": "context-management-2025-06-27"}},
    ),
    Case(
        "fields_are_known",
        {"metadata": {"team": "a"}},
        "metadata.team: Extra inputs are not permitted",
        {"metadata": {"user_id": "a"}},
    ),
    Case("limit_is_there", {"max_tokens": ABSENT}, "max_tokens: Field required", {"max_tokens": 1}),
    Case(
        "limit_is_positive",
        {"max_tokens": 0},
        "max_tokens: Input should be greater than or equal to 1",
        {"max_tokens": 1},
    ),
    Case(
        "limit_is_the_models",
        {"model": "claude-opus-4-1-20250805", "max_tokens": 48000},
        "max_tokens: 48000 > 32000, which is the maximum allowed number of output tokens for claude-opus-4-1-20250805",
        {"model": "claude-opus-4-1-20250805", "max_tokens": 32000},
    ),
    Case(
        "stops_are_words",
        {"stop_sequences": ["x", "\n"]},
        "stop_sequences: each stop sequence must contain non-whitespace",
        {"stop_sequences": ["x", "\n."]},
    ),
    Case(
        "tool_fields_are_known",
        {"tools": [TOOL | {"parameters": {}}]},
        "tools.0.custom.parameters: Extra inputs are not permitted",
        {"tools": [TOOL | {"strict": True}]},
    ),
    Case(
        "tool_names_are_plain",
        {"tools": [TOOL | {"name": "a.b"}]},
        "tools.0.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'",
        {"tools": [TOOL | {"name": "a" * 128}]},
    ),
    Case(
        "tool_names_are_unique",
        {"tools": [TOOL, TOOL]},
        "tools: Tool names must be unique.",
        {"tools": [TOOL, TOOL | {"name": "g"}]},
    ),
    Case(
        "tool_schemas_are_objects",
        {"tools": [TOOL, {"name": "g", "input_schema": {"type": "object", "anyOf": []}}]},
        "tools.1.custom.input_schema: input_schema does not support oneOf, allOf, or anyOf at the top level",
        {"tools": [TOOL, {"name": "g", "input_schema": {"type": "object", "properties": {"x": {"anyOf": []}}}}]},
    ),
    Case(
        "tool_schemas_are_objects",
        {"tools": [{"type": "bash_20250124", "name": "bash"}, {"name": "f"}]},
        "tools.1.custom.input_schema: Field required",
        {"tools": [TOOL, {"type": "bash_20250124", "name": "bash"}]},
    ),
    Case(
        "tool_schemas_are_objects",
        {"tools": [{"name": "f", "input_schema": {}}]},
        "tools.0.custom.input_schema.type: Field required",
        {"tools": [TOOL]},
    ),
    Case(
        "choice_needs_tools",
        {"tool_choice": {"type": "auto"}},
        "tool_choice: tool_choice may only be specified while providing tools",
        {"tool_choice": {"type": "auto"}, "tools": [TOOL]},
    ),
    Case(
        "choice_is_offered",
        {"tool_choice": {"type": "tool", "name": "g"}, "tools": [TOOL]},
        "Tool 'g' not found in provided tools",
        {"tool_choice": {"type": "tool", "name": "f"}, "tools": [TOOL]},
    ),
]

CONVERSATION = [
    Case("messages_are_there", {"messages": []}, "messages: at least one message is required", {"messages": [HI]}),
    Case(
        "roles_are_known",
        {"messages": [{"role": "system", "content": "be"}, HI]},
        'messages: Unexpected role "system". The Messages API accepts a top-level `system` parameter, not "system" as '
        "an input message role.",
        {"messages": [HI], "system": "be"},
    ),
    Case(
        "roles_are_known",
        {"messages": [HI, {"role": "tool", "content": "x"}]},
        'messages: Unexpected role "tool". Allowed roles are "user" or "assistant"',
        {"messages": [HI, HI]},
    ),
    Case(
        "message_fields_are_known",
        {"messages": [HI | {"name": "a"}]},
        "messages.0.name: Extra inputs are not permitted",
        {"messages": [HI]},
    ),
    Case(
        "block_fields_are_known",
        loop(THOUGHT | {"cache_control": None}, CALL),
        "messages.1.content.0.thinking.cache_control: Extra inputs are not permitted",
        loop(THOUGHT, CALL | {"cache_control": None}),
    ),
    Case(
        "system_is_text",
        {"system": [text("be"), {"type": "image"}]},
        "system.1.type: Input should be 'text'",
        {"system": [text("be")]},
    ),
    Case(
        "markers_are_few",
        marked(5),
        "A maximum of 4 blocks with cache_control may be provided. Found 5.",
        marked(4),
    ),
    Case(
        "markers_are_on_text",
        {"messages": [says("user", text("", cache_control={"type": "ephemeral"}))]},
        "messages.0.content.0.text: cache_control cannot be set for empty text blocks",
        {"messages": [says("user", text(".", cache_control={"type": "ephemeral"}))]},
    ),
    Case(
        "messages_have_content",
        {"messages": [HI, says("assistant"), HI]},
        "messages.1: all messages must have non-empty content except for the optional final assistant message",
        {"messages": [HI, says("assistant")]},
    ),
    Case(
        "texts_have_words",
        {"messages": [says("user", text("hi"), text(""))]},
        "messages: text content blocks must be non-empty",
        {"messages": [says("user", text("hi"))]},
    ),
    Case(
        "texts_have_words",
        {"messages": [HI, SO | {"content": "\n"}, HI]},
        "messages: text content blocks must contain non-whitespace text",
        {"messages": [HI, SO | {"content": "\n."}, HI]},
    ),
    Case(
        "texts_have_words",
        {"system": [text(" ")]},
        "system: text content blocks must contain non-whitespace text",
        {"system": [text("be")]},
    ),
    Case(
        "texts_have_words",
        {"messages": [HI, says("assistant", CALL), says("user", RESULT | {"content": [text("")]})], "tools": [TOOL]},
        "messages: text content blocks must be non-empty",
        {"messages": [HI, says("assistant", CALL), says("user", RESULT | {"content": ""})], "tools": [TOOL]},
    ),
    Case(
        "images_are_of_four_types",
        image("image/svg+xml"),
        "messages.0.content.0.image.source.base64.media_type: Input should be 'image/jpeg', 'image/png', 'image/gif' "
        "or 'image/webp'",
        image("image/png"),
    ),
    Case(
        "prefill_is_supported",
        {"model": "claude-sonnet-4-6", "messages": [HI, SO]},
        "This model does not support assistant message prefill. The conversation must end with a user message.",
        {"model": "claude-sonnet-4-5", "messages": [HI, SO]},
    ),
    Case(
        "prefill_ends_in_a_word",
        {"messages": [HI, SO | {"content": "so "}]},
        "messages: final assistant content cannot end with trailing whitespace",
        {"messages": [HI, SO | {"content": "so "}, HI]},
    ),
    Case(
        "results_answer_calls",
        {"messages": [HI, SO, says("user", text("so"), RESULT)]},
        "messages.2.content.1: unexpected `tool_use_id` found in `tool_result` blocks: a. Each `tool_result` block "
        "must have a corresponding `tool_use` block in the previous message.",
        loop(text("so"), CALL),
    ),
    Case(
        "results_answer_calls",
        loop(CALL, CALL | {"id": "b"}),
        "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: b. Each `tool_use` "
        "block must have a corresponding `tool_result` block in the next message.",
        {"messages": [HI, says("assistant", CALL), says("user", RESULT, text("and"))]},
    ),
]

THINKING = [
    Case(
        "kind_is_the_models",
        {"model": "claude-opus-4-8", **BUDGET},
        '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and '
        '"output_config.effort" to control thinking behavior.',
        {"model": "claude-opus-4-8", **ADAPTIVE},
    ),
    Case(
        "kind_is_the_models",
        {"model": "claude-haiku-4-5", **ADAPTIVE},
        "adaptive thinking is not supported on this model",
        {"model": "claude-haiku-4-5", **BUDGET},
    ),
    Case(
        "effort_is_supported",
        {"model": "claude-haiku-4-5-20251001", "output_config": {"effort": "low"}},
        "This model does not support the effort parameter.",
        {"model": "claude-opus-4-5", "output_config": {"effort": "low"}},
    ),
    Case(
        "budget_is_enough",
        {**BUDGET, "thinking": {"type": "enabled", "budget_tokens": 1023}},
        "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
        BUDGET,
    ),
    Case(
        "budget_is_enough",
        {**BUDGET, "thinking": {"type": "enabled"}},
        "thinking.enabled.budget_tokens: Field required",
        {**BUDGET, "thinking": {"type": "disabled"}},
    ),
    Case(
        "budget_leaves_an_answer",
        {**BUDGET, "max_tokens": 1024},
        f"`max_tokens` must be greater than `thinking.budget_tokens`. {GUIDE}#max-tokens-and-context-window-size",
        {**BUDGET, "max_tokens": 1025},
    ),
    Case(
        "budget_leaves_an_answer",
        {**BUDGET, "max_tokens": 9},
        f"`max_tokens` must be greater than `thinking.budget_tokens`. {GUIDE}#max-tokens-and-context-window-size",
        {**BUDGET, "max_tokens": 9, "_headers": {"anthropic-beta": "interleaved-thinking-2025-05-14"}},
    ),
    Case(
        "forced_tools_are_not_thought_of",
        {**BUDGET, "tools": [TOOL], "tool_choice": {"type": "any"}},
        "Thinking may not be enabled when tool_choice forces tool use.",
        {**BUDGET, "tools": [TOOL], "tool_choice": {"type": "auto"}},
    ),
    Case("temperature_is_in_range", {"temperature": 1.2}, "temperature: range: 0..1", {"temperature": 1}),
    Case(
        "sampling_is_not_gone",
        {"model": "claude-opus-4-7", "temperature": 1},
        "`temperature` is deprecated for this model.",
        {"model": "claude-opus-4-6", "temperature": 1},
    ),
    Case(
        "thinking_samples_by_default",
        {**BUDGET, "temperature": 0.5},
        f"`temperature` may only be set to 1 when thinking is enabled. {CONSIDER}",
        {**BUDGET, "temperature": 1},
    ),
    Case(
        "thinking_samples_by_default",
        {**ADAPTIVE, "top_k": 5},
        f"`top_k` must be unset when thinking is enabled. {CONSIDER}",
        {"thinking": {"type": "disabled"}, "top_k": 5},
    ),
    Case(
        "thinking_samples_by_default",
        {**BUDGET, "top_p": 0.9},
        f"`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled. {CONSIDER}",
        {**BUDGET, "top_p": 0.95},
    ),
    Case(
        "thoughts_are_cleared_while_thinking",
        {"model": "claude-opus-4-6", **CLEARING},
        "`clear_thinking_20251015` strategy requires `thinking` to be enabled or adaptive",
        {"model": "claude-opus-4-6", **CLEARING, **ADAPTIVE},
    ),
    Case(
        "one_way_of_sampling",
        {"model": "claude-sonnet-4-5-20250929", "temperature": 1, "top_p": 1},
        "`temperature` and `top_p` cannot both be specified for this model. Please use only one.",
        {"model": "claude-sonnet-4-20250514", "temperature": 1, "top_p": 1},
    ),
    Case(
        "tool_loops_begin_with_a_thought",
        {**BUDGET, **loop(text("so"), CALL)},
        "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `text`. When `thinking` is "
        "enabled, a final `assistant` message must start with a thinking block (preceeding the lastmost set of "
        "`tool_use` and `tool_result` blocks). We recommend you include thinking blocks from previous turns. To avoid "
        f"this requirement, disable `thinking`. {GUIDE}",
        {**BUDGET, **loop(THOUGHT, text("so"), CALL)},
    ),
    Case(
        "tool_loops_begin_with_a_thought",
        {**BUDGET, **loop(CALL)},
        "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`. When `thinking` "
        "is enabled, a final `assistant` message must start with a thinking block (preceeding the lastmost set of "
        "`tool_use` and `tool_result` blocks). We recommend you include thinking blocks from previous turns. To avoid "
        f"this requirement, disable `thinking`. {GUIDE}",
        {**BUDGET, "messages": [*loop(CALL)["messages"], SO, HI], "tools": [TOOL]},
    ),
]
CASES = [*FIELDS, *CONVERSATION, *THINKING]


def error(words: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": "invalid_request_error", "message": words}}


@pytest.mark.parametrize("case", CASES, ids=case_ids(CASES))
async def test_a_rule(simulated: Simulator, case: Case) -> None:
    refused = await WIRE.ask(simulated, case.refused)
    assert (refused.status, refused.json) == (400, error(case.words))
    assert (await WIRE.ask(simulated, case.passes)).status == 200


async def test_counting_has_fewer_fields_and_the_same_conversations(simulated: Simulator) -> None:
    refused = await COUNT.ask(simulated, {"max_tokens": 9})
    assert refused.json == error("max_tokens: Extra inputs are not permitted")
    refused = await COUNT.ask(simulated, {"messages": [HI | {"content": " "}]})
    assert refused.json == error("messages: text content blocks must contain non-whitespace text")
    assert (await COUNT.ask(simulated, {"system": "be"})).status == 200


def test_every_rule_has_a_case() -> None:
    assert uncovered([*anthropic.RULES, *anthropic.COUNT_RULES], CASES) == {"counted_fields_are_known"}


def test_the_fields_are_those_of_the_sdk() -> None:
    declared = get_type_hints(message_create_params.MessageCreateParamsStreaming).keys()
    assert anthropic.FIELDS - declared == {"temperature", "top_k", "top_p"} - declared
    assert declared <= anthropic.FIELDS
    assert get_type_hints(message_count_tokens_params.MessageCountTokensParams).keys() == anthropic.COUNTED
    betas = get_type_hints(beta_params.MessageCreateParamsBase).keys() - {"betas"}
    assert betas <= anthropic.FIELDS | anthropic.BETA_FIELDS
    for kind, fields in anthropic_messages.BLOCK_FIELDS.items():
        name = "".join(word.title() for word in kind.split("_"))
        assert get_type_hints(getattr(types, f"{name}BlockParam")).keys() == fields
    assert get_type_hints(types.ToolParam).keys() == anthropic.TOOL_FIELDS
