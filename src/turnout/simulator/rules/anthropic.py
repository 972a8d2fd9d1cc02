"""What Anthropic refuses in messages (https://platform.claude.com/docs/en/api/messages): its fields, limits and tools.
``anthropic_thinking.py`` has the rules of thinking and sampling, ``anthropic_messages.py`` those of the conversation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from . import anthropic_messages as conversation
from . import anthropic_thinking as thinking
from .asked import Asked, Refusal, Rule, names_in, number_of, object_of
from .models import CLAUDE_MAX_OUTPUT, facts_of

COUNTED = names_in(
    "cache_control messages model output_config speed system thinking tool_choice tools user_profile_id workspace_id"
)
"""MessageCountTokensParams of anthropic-sdk-python."""
FIELDS = COUNTED | names_in(
    "container diagnostics inference_geo max_tokens metadata service_tier stop_sequences stream temperature top_k top_p"
)
"""MessageCreateParams of anthropic-sdk-python, with the sampling that models before Opus 4.7 take."""
BETA_FIELDS = names_in(
    "billing_policy compaction context_management fallback_credit_token fallbacks mcp_servers output_format thread"
)
"""Known to requests with a header ``anthropic-beta``: beta.MessageCreateParams of anthropic-sdk-python."""
NESTED: Mapping[str, frozenset[str]] = {
    "metadata": frozenset({"user_id"}),
    "output_config": frozenset({"effort", "format", "task_budget"}),
}
TOOL_FIELDS = names_in(
    "allowed_callers cache_control defer_loading description eager_input_streaming input_examples "
    "input_schema name strict type"
)
NAME = "^[a-zA-Z0-9_-]{1,128}$"
UNIONS = ("oneOf", "allOf", "anyOf")


def extra(path: str) -> Refusal:
    return Refusal(f"{path}: Extra inputs are not permitted")


def fields_are_known(asked: Asked) -> Refusal | None:
    return _known(asked, FIELDS)


def counted_fields_are_known(asked: Asked) -> Refusal | None:
    return _known(asked, COUNTED)


def _known(asked: Asked, fields: frozenset[str]) -> Refusal | None:
    known = fields | BETA_FIELDS if asked.betas else fields
    for name in asked.body:
        if name not in known:
            return extra(name)
    for name, inner in NESTED.items():
        for field in object_of(asked.body.get(name)):
            if field not in inner:
                return extra(f"{name}.{field}")
    return None


def limit_is_there(asked: Asked) -> Refusal | None:
    return Refusal("max_tokens: Field required") if asked.body.get("max_tokens") is None else None


def limit_is_positive(asked: Asked) -> Refusal | None:
    limit = number_of(asked.body.get("max_tokens"))
    if limit is not None and limit < 1:
        return Refusal("max_tokens: Input should be greater than or equal to 1")
    return None


def limit_is_the_models(asked: Asked) -> Refusal | None:
    limit, most = number_of(asked.body.get("max_tokens")), facts_of(CLAUDE_MAX_OUTPUT, asked.model)
    if limit is None or most is None or limit <= most:
        return None
    return Refusal(
        f"max_tokens: {limit} > {most}, which is the maximum allowed number of output tokens for {asked.model}"
    )


def stops_are_words(asked: Asked) -> Refusal | None:
    stops = asked.body.get("stop_sequences")
    if isinstance(stops, list) and any(isinstance(stop, str) and not stop.strip() for stop in stops):
        return Refusal("stop_sequences: each stop sequence must contain non-whitespace")
    return None


def tool_fields_are_known(asked: Asked) -> Refusal | None:
    """The vendor's own tools have types and fields of theirs."""
    for index, tool in asked.objects("tools"):
        for field in tool if tool.get("type", "custom") == "custom" else ():
            if field not in TOOL_FIELDS:
                return extra(f"tools.{index}.custom.{field}")
    return None


def tool_names_are_plain(asked: Asked) -> Refusal | None:
    for index, tool in asked.objects("tools"):
        name = tool.get("name")
        if isinstance(name, str) and tool.get("type", "custom") == "custom" and not re.fullmatch(NAME, name):
            return Refusal(f"tools.{index}.custom.name: String should match pattern '{NAME}'")
    return None


def tool_names_are_unique(asked: Asked) -> Refusal | None:
    names = [tool.get("name") for _, tool in asked.objects("tools") if isinstance(tool.get("name"), str)]
    return Refusal("tools: Tool names must be unique.") if len(set(names)) < len(names) else None


def tool_schemas_are_objects(asked: Asked) -> Refusal | None:
    for index, tool in asked.objects("tools"):
        schema = tool.get("input_schema")
        path = f"tools.{index}.custom.input_schema"
        if schema is None and tool.get("type", "custom") == "custom":
            return Refusal(f"{path}: Field required")
        if not isinstance(schema, dict):
            continue
        if any(union in schema for union in UNIONS):
            return Refusal(f"{path}: input_schema does not support oneOf, allOf, or anyOf at the top level")
        if "type" not in schema:
            return Refusal(f"{path}.type: Field required")
        if schema["type"] != "object":
            return Refusal(f"{path}.type: Input should be 'object'")
    return None


def choice_needs_tools(asked: Asked) -> Refusal | None:
    if asked.body.get("tool_choice") is not None and not asked.body.get("tools"):
        return Refusal("tool_choice: tool_choice may only be specified while providing tools")
    return None


def choice_is_offered(asked: Asked) -> Refusal | None:
    choice = object_of(asked.body.get("tool_choice"))
    if choice.get("type") != "tool" or not asked.body.get("tools"):
        return None
    if choice.get("name") in [tool.get("name") for _, tool in asked.objects("tools")]:
        return None
    return Refusal(f"Tool '{choice.get('name')}' not found in provided tools")


_TYPES = "https://github.com/anthropics/anthropic-sdk-python/tree/main/src/anthropic/types"
_API = "https://platform.claude.com/docs/en/api/messages/create"
_TOOLS: tuple[Rule, ...] = (
    Rule(tool_fields_are_known, f"{_TYPES}/tool_param.py"),
    Rule(tool_names_are_plain, "https://github.com/home-assistant/core/issues/147760"),
    Rule(tool_names_are_unique, "https://github.com/anthropics/claude-code/issues/10687"),
    Rule(tool_schemas_are_objects, "https://github.com/anthropics/claude-code/issues/27337"),
    Rule(choice_needs_tools, _API),
    Rule(choice_is_offered, _API),
)

COUNT_RULES: tuple[Rule, ...] = (
    Rule(counted_fields_are_known, f"{_TYPES}/message_count_tokens_params.py"),
    *_TOOLS,
    *conversation.RULES,
)
RULES: tuple[Rule, ...] = (
    Rule(fields_are_known, f"{_TYPES}/message_create_params.py"),
    Rule(limit_is_there, f"{_TYPES}/message_create_params.py"),
    Rule(limit_is_positive, f"{_TYPES}/message_create_params.py"),
    Rule(limit_is_the_models, "https://github.com/anomalyco/opencode/issues/2055"),
    Rule(stops_are_words, "https://github.com/BerriAI/litellm/issues/3286"),
    *_TOOLS,
    *conversation.RULES,
    *thinking.RULES,
)
