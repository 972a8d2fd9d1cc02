"""What OpenAI refuses in responses (https://platform.openai.com/docs/api-reference/responses/create)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from . import openai_common as common
from .asked import Asked, Refusal, Rule, names_in, number_of, object_of, objects, texts_in
from .openai_words import below, unknown, unsupported, wrong_value
from .strict_schema import fault_of

FIELDS = names_in(
    "access_programs background context_management conversation image include input instructions "
    "max_output_tokens max_tool_calls metadata model moderation parallel_tool_calls previous_response_id "
    "prompt prompt_cache_key prompt_cache_options prompt_cache_retention reasoning safety_identifier "
    "service_tier store stream stream_options temperature text tool_choice tools top_logprobs top_p "
    "truncation user client_metadata"
)
"""ResponseCreateParams of openai-python; ``client_metadata`` is what Codex sends
(https://github.com/openai/codex/blob/main/codex-rs/codex-api/src/common.rs)."""
ITEM_FIELDS: Mapping[str, frozenset[str]] = {
    "message": frozenset({"content", "id", "phase", "role", "status", "type"}),
    "function_call": frozenset(
        {"arguments", "async", "call_id", "caller", "id", "name", "namespace", "status", "type"}
    ),
    "function_call_output": frozenset({"call_id", "caller", "id", "name", "namespace", "output", "status", "type"}),
    "reasoning": frozenset({"content", "encrypted_content", "id", "status", "summary", "type"}),
}
PARTS: Mapping[str, tuple[str, ...]] = {
    "assistant": ("output_text", "refusal"),
    "user": ("input_text", "input_image", "input_file"),
    "system": ("input_text", "input_image", "input_file"),
    "developer": ("input_text", "input_image", "input_file"),
}
LEAST_OUTPUT = 16
LONGEST_CALL_ID = 64
CALLS = {"function_call": "function_call_output", "custom_tool_call": "custom_tool_call_output"}


def fields_are_known(asked: Asked) -> Refusal | None:
    return next((unknown(name) for name in asked.body if name not in FIELDS), None)


def item_fields_are_known(asked: Asked) -> Refusal | None:
    for index, item in asked.objects("input"):
        known = ITEM_FIELDS.get(str(item.get("type", "message")), frozenset(item))
        for field in item:
            if field not in known:
                return unknown(f"input[{index}].{field}")
    return None


def parts_fit_their_role(asked: Asked) -> Refusal | None:
    for index, item in asked.objects("input"):
        supported = PARTS.get(str(item.get("role")), ())
        for place, part in objects(item.get("content")) if supported else ():
            if part.get("type") not in supported:
                return wrong_value(f"input[{index}].content[{place}]", part.get("type"), supported)
    return None


def call_ids_are_short(asked: Asked) -> Refusal | None:
    ids = ((f"input[{index}].call_id", item.get("call_id")) for index, item in asked.objects("input"))
    return common.first_too_long(ids, LONGEST_CALL_ID)


def results_answer_calls(asked: Asked) -> Refusal | None:
    """The calls of an earlier response are at OpenAI, so nothing can be said of a continued conversation."""
    if asked.body.get("previous_response_id") or asked.body.get("conversation"):
        return None
    open_calls: dict[str, None] = {}
    for _, item in asked.objects("input"):
        kind, call_id = str(item.get("type")), str(item.get("call_id"))
        if kind in CALLS:
            open_calls[call_id] = None
        elif kind in CALLS.values() and open_calls.pop(call_id, 0) == 0:
            return Refusal(f"No tool call found for function call output with call_id {call_id}.", "input")
    for call_id in open_calls:
        return Refusal(f"No tool output found for function call {call_id}.", "input")
    return None


def function_names_are_plain(asked: Asked) -> Refusal | None:
    offered = ((f"tools[{index}].name", tool.get("name")) for index, tool in asked.objects("tools"))
    called = (
        (f"input[{index}].name", item.get("name"))
        for index, item in asked.objects("input")
        if str(item.get("type")) in CALLS
    )
    return common.bad_name(offered) or common.bad_name(called)


def functions_have_valid_schemas(asked: Asked) -> Refusal | None:
    return common.first_bad_function(_functions(asked))


def response_schema_is_strict(asked: Asked) -> Refusal | None:
    format_ = object_of(object_of(asked.body.get("text")).get("format"))
    fault = fault_of(format_.get("schema")) if format_.get("strict") is True else ""
    if fault:
        message = f"Invalid schema for response_format '{format_.get('name')}': {fault}"
        return Refusal(message, "text.format.schema", "invalid_json_schema")
    return None


def json_is_asked_for(asked: Asked) -> Refusal | None:
    wanted = object_of(object_of(asked.body.get("text")).get("format")).get("type") == "json_object"
    if wanted and not any("json" in text.lower() for text in texts_in(asked.body.get("input"))):
        what = "Response input messages must contain the word 'json' in some form to use 'text.format' of type"
        return Refusal(f"{what} 'json_object'.", "input")
    return None


def limit_is_enough(asked: Asked) -> Refusal | None:
    limit = number_of(asked.body.get("max_output_tokens"))
    return below("max_output_tokens", LEAST_OUTPUT, limit) if limit is not None and limit < LEAST_OUTPUT else None


def reasoning_samples_by_default(asked: Asked) -> Refusal | None:
    effort = object_of(asked.body.get("reasoning")).get("effort")
    for field in ("temperature", "top_p") if common.reasons(asked, effort) else ():
        if asked.body.get(field) not in (None, 1):
            return Refusal(f"Unsupported parameter: '{field}' is not supported with this model.", field)
    return None


def only_reasoning_has_an_effort(asked: Asked) -> Refusal | None:
    effort = object_of(asked.body.get("reasoning")).get("effort")
    return unsupported("reasoning.effort") if common.never_reasons(asked) and effort is not None else None


def only_reasoning_is_encrypted(asked: Asked) -> Refusal | None:
    wanted = asked.body.get("include")
    if common.never_reasons(asked) and isinstance(wanted, list) and "reasoning.encrypted_content" in wanted:
        return Refusal("Encrypted content is not supported with this model.", "include")
    return None


def _functions(asked: Asked) -> Iterator[tuple[str, dict[str, Any]]]:
    for index, tool in asked.objects("tools"):
        if tool.get("type") == "function":
            yield f"tools[{index}].parameters", tool


RULES: tuple[Rule, ...] = (
    Rule(fields_are_known, "https://github.com/teabranch/open-responses-server/issues/41"),
    Rule(item_fields_are_known, "https://github.com/BerriAI/litellm/issues/13420"),
    Rule(common.user_is_short, "https://platform.openai.com/docs/api-reference/responses/create#responses-create-user"),
    Rule(common.metadata_is_small, "https://github.com/thiswillbeyourgithub/openwebui_custom_pipes_filters/issues/3"),
    Rule(parts_fit_their_role, "https://github.com/jeremychone/rust-genai/pull/119"),
    Rule(call_ids_are_short, "https://github.com/AnswerDotAI/fastllm/issues/45"),
    Rule(results_answer_calls, "https://github.com/microsoft/vscode/issues/320060"),
    Rule(function_names_are_plain, "https://github.com/brekkylab/ailoy/pull/109"),
    Rule(functions_have_valid_schemas, "https://github.com/bytedance/trae-agent/issues/173"),
    Rule(response_schema_is_strict, "https://platform.openai.com/docs/guides/structured-outputs#supported-schemas"),
    Rule(json_is_asked_for, "https://platform.openai.com/docs/guides/structured-outputs#json-mode"),
    Rule(limit_is_enough, "https://github.com/earendil-works/pi/issues/6265"),
    Rule(reasoning_samples_by_default, "https://github.com/OpenHands/software-agent-sdk/issues/1837"),
    Rule(only_reasoning_is_encrypted, "https://github.com/pydantic/pydantic-ai/issues/2865"),
    Rule(only_reasoning_has_an_effort, "https://github.com/BerriAI/litellm/pull/38842"),
)
