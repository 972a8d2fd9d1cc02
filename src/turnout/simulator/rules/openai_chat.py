"""What OpenAI refuses in chat completions (https://platform.openai.com/docs/api-reference/chat/create)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from . import openai_common as common
from .asked import Asked, Refusal, Rule, names_in, number_of, object_of, objects, texts_in
from .openai_words import below, empty_array, only_default, too_many, unknown, unsupported, wrong_value
from .strict_schema import fault_of

FIELDS = names_in(
    "audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens "
    "messages metadata modalities model moderation n parallel_tool_calls prediction presence_penalty "
    "prompt_cache_key prompt_cache_options prompt_cache_retention reasoning_effort response_format "
    "safety_identifier seed service_tier stop store stream stream_options temperature tool_choice tools "
    "top_logprobs top_p user verbosity web_search_options"
)
"""CompletionCreateParams of openai-python."""
MESSAGE_FIELDS: Mapping[str, frozenset[str]] = {
    "system": frozenset({"content", "name", "role"}),
    "developer": frozenset({"content", "name", "role"}),
    "user": frozenset({"content", "name", "role"}),
    "assistant": frozenset({"audio", "content", "function_call", "name", "refusal", "role", "tool_calls"}),
    "tool": frozenset({"content", "role", "tool_call_id"}),
    "function": frozenset({"content", "name", "role"}),
}
PARTS: Mapping[str, tuple[str, ...]] = {
    "system": ("text",),
    "developer": ("text",),
    "user": ("text", "image_url", "input_audio", "file"),
    "assistant": ("text", "refusal"),
    "tool": ("text",),
}
MOST_STOPS = 4
LONGEST_CALL_ID = 40
LIMITS = ("max_tokens", "max_completion_tokens")


def fields_are_known(asked: Asked) -> Refusal | None:
    """Models that reason answer by another server, which says it in other words."""
    names = [name for name in asked.body if name not in FIELDS]
    if common.never_reasons(asked) and "reasoning_effort" in asked.body:
        names.append("reasoning_effort")
    if not names:
        return None
    known = common.facts(asked)
    if known is not None and known.reasons != "never":
        return unknown(names[0])
    plural = "s" if len(names) > 1 else ""
    return Refusal(f"Unrecognized request argument{plural} supplied: {', '.join(names)}")


def message_fields_are_known(asked: Asked) -> Refusal | None:
    for index, message in asked.objects("messages"):
        known = MESSAGE_FIELDS.get(str(message.get("role")), frozenset(message))
        for field in message:
            if field not in known:
                return unknown(f"messages[{index}].{field}")
    return None


def images_are_the_users(asked: Asked) -> Refusal | None:
    for index, message in asked.objects("messages"):
        kinds = [part.get("type") for _, part in objects(message.get("content"))]
        role = message.get("role")
        if role != "user" and "image_url" in kinds:
            why = "Image URLs are only allowed for messages with role 'user', but this message with role"
            what = f"Invalid 'messages[{index}]'. {why} '{role}' contains an image URL."
            return Refusal(what, f"messages[{index}]", "invalid_value")
    return None


def parts_fit_their_role(asked: Asked) -> Refusal | None:
    for index, message in asked.objects("messages"):
        supported = PARTS.get(str(message.get("role")), ())
        for place, part in objects(message.get("content")) if supported else ():
            if part.get("type") not in supported:
                return wrong_value(f"messages[{index}].content[{place}].type", part.get("type"), supported)
    return None


def content_is_there(asked: Asked) -> Refusal | None:
    for index, message in asked.objects("messages"):
        if message.get("content") == []:
            return empty_array(f"messages[{index}].content")
        if message.get("tool_calls") == []:
            return empty_array(f"messages[{index}].tool_calls")
        instead = any(message.get(field) for field in ("tool_calls", "function_call", "audio", "refusal"))
        if message.get("content") is None and not instead:
            return Refusal("Invalid value for 'content': expected a string, got null.", f"messages.[{index}].content")
    return None


def calls_have_short_ids(asked: Asked) -> Refusal | None:
    return common.first_too_long(((f"{path}.id", call.get("id")) for path, call in _calls(asked)), LONGEST_CALL_ID)


def results_answer_calls(asked: Asked) -> Refusal | None:
    waiting: list[str] = []
    messages = asked.objects("messages")
    for index, message in messages:
        if message.get("role") == "tool":
            if message.get("tool_call_id") not in waiting:
                what = "messages with role 'tool' must be a response to a preceeding message with 'tool_calls'."
                return Refusal(f"Invalid parameter: {what}", f"messages.[{index}].role")
            waiting.remove(message["tool_call_id"])
        elif waiting:
            return _unanswered(waiting, index)
        else:
            waiting = [str(call.get("id")) for _, call in objects(message.get("tool_calls"))]
    return _unanswered(waiting, len(messages)) if waiting else None


def _unanswered(ids: list[str], index: int) -> Refusal:
    rule = "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'."
    message = f"{rule} The following tool_call_ids did not have response messages: {', '.join(ids)}"
    return Refusal(message, f"messages.[{index}].role")


def function_names_are_plain(asked: Asked) -> Refusal | None:
    offered = ((f"tools[{index}].function.name", _function(tool).get("name")) for index, tool in asked.objects("tools"))
    called = ((f"{path}.function.name", _function(call).get("name")) for path, call in _calls(asked))
    return common.bad_name(offered) or common.bad_name(called)


def functions_have_valid_schemas(asked: Asked) -> Refusal | None:
    tools = asked.objects("tools")
    return common.first_bad_function((f"tools[{index}].function.parameters", _function(tool)) for index, tool in tools)


def response_schema_is_strict(asked: Asked) -> Refusal | None:
    schema = object_of(object_of(asked.body.get("response_format")).get("json_schema"))
    fault = fault_of(schema.get("schema")) if schema.get("strict") is True else ""
    if fault:
        return Refusal(f"Invalid schema for response_format '{schema.get('name')}': {fault}", "response_format")
    return None


def json_is_asked_for(asked: Asked) -> Refusal | None:
    wanted = object_of(asked.body.get("response_format")).get("type") == "json_object"
    texts = texts_in([message.get("content") for _, message in asked.objects("messages")])
    if wanted and not any("json" in text.lower() for text in texts):
        what = "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
        return Refusal(what, "messages")
    return None


def max_tokens_has_its_new_name(asked: Asked) -> Refusal | None:
    known = common.facts(asked)
    if known is None or known.reasons == "never" or asked.body.get("max_tokens") is None:
        return None
    refusal = unsupported("max_tokens")
    return Refusal(f"{refusal.message} Use 'max_completion_tokens' instead.", refusal.param, refusal.code)


def limit_is_positive(asked: Asked) -> Refusal | None:
    for field in LIMITS:
        limit = number_of(asked.body.get(field))
        if limit is not None and limit < 1:
            return below(field, 1, limit)
    return None


def limit_is_the_models(asked: Asked) -> Refusal | None:
    known = common.facts(asked)
    for field in LIMITS if known is not None else ():
        limit = number_of(asked.body.get(field))
        if known is not None and limit is not None and limit > known.max_output:
            most = f"This model supports at most {known.max_output} completion tokens, whereas you provided {limit}."
            return Refusal(f"max_tokens is too large: {limit}. {most}", field, "invalid_value")
    return None


def reasoning_samples_by_default(asked: Asked) -> Refusal | None:
    if not common.reasons(asked, asked.body.get("reasoning_effort")):
        return None
    temperature = number_of(asked.body.get("temperature"))
    if temperature is not None and temperature != 1:
        return only_default("temperature", asked.body["temperature"])
    for field in common.SAMPLING:
        default = 1 if field == "top_p" else 0
        if asked.body.get(field) not in (None, False, {}, default):
            return unsupported(field)
    return None


def reasoning_has_no_stops(asked: Asked) -> Refusal | None:
    known = common.facts(asked)
    stops = asked.body.get("stop")
    return unsupported("stop") if known is not None and known.reasons != "never" and stops else None


def stops_are_few(asked: Asked) -> Refusal | None:
    stops = asked.body.get("stop")
    return too_many("stop", MOST_STOPS, len(stops)) if isinstance(stops, list) and len(stops) > MOST_STOPS else None


def metadata_is_stored(asked: Asked) -> Refusal | None:
    if asked.body.get("metadata") and asked.body.get("store") is not True:
        return Refusal("The 'metadata' parameter is only allowed when 'store' is enabled.", "metadata")
    return None


def stream_options_need_a_stream(asked: Asked) -> Refusal | None:
    if asked.body.get("stream_options") is not None and asked.body.get("stream") is not True:
        return Refusal("The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options")
    return None


def _calls(asked: Asked) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each call in the conversation, with its path."""
    for index, message in asked.objects("messages"):
        for place, call in objects(message.get("tool_calls")):
            yield f"messages[{index}].tool_calls[{place}]", call


def _function(tool: dict[str, Any]) -> dict[str, Any]:
    return object_of(tool.get("function"))


RULES: tuple[Rule, ...] = (
    Rule(fields_are_known, "https://github.com/davidmigloz/langchain_dart/issues/712"),
    Rule(
        message_fields_are_known,
        "https://github.com/openai/openai-python/tree/main/src/openai/types/chat (ChatCompletion…MessageParam)",
    ),
    Rule(common.user_is_short, "https://platform.openai.com/docs/api-reference/chat/create#chat-create-user"),
    Rule(common.metadata_is_small, "https://github.com/thiswillbeyourgithub/openwebui_custom_pipes_filters/issues/3"),
    Rule(metadata_is_stored, "https://github.com/QwenLM/qwen-code/issues/243"),
    Rule(stream_options_need_a_stream, "https://github.com/BerriAI/litellm/issues/5803"),
    Rule(content_is_there, "https://github.com/run-llama/llama_index/pull/17921"),
    Rule(images_are_the_users, "https://github.com/openai/openai-node/issues/1030"),
    Rule(parts_fit_their_role, "https://github.com/aallam/openai-kotlin/issues/320"),
    Rule(calls_have_short_ids, "https://github.com/vercel/ai/issues/5171"),
    Rule(results_answer_calls, "https://github.com/sdcb/chats/pull/132"),
    Rule(common.no_empty_tools, "https://github.com/vllm-project/vllm/pull/39780"),
    Rule(common.tools_are_few, "https://github.com/vishalmysore/Tools4AI/issues/16"),
    Rule(common.tools_before_their_choice, "https://github.com/openai/swarm/issues/30"),
    Rule(function_names_are_plain, "https://github.com/brekkylab/ailoy/pull/109"),
    Rule(functions_have_valid_schemas, "https://github.com/bytedance/trae-agent/issues/173"),
    Rule(response_schema_is_strict, "https://github.com/agentscope-ai/agentscope-java/issues/2548"),
    Rule(json_is_asked_for, "https://github.com/ultimatejimmy/xray.koplugin/issues/33"),
    Rule(max_tokens_has_its_new_name, "https://github.com/griptape-ai/ComfyUI-Griptape/issues/312"),
    Rule(limit_is_positive, "https://github.com/OpenBMB/ChatDev/issues/446"),
    Rule(limit_is_the_models, "https://github.com/tailcallhq/forgecode/issues/1185"),
    Rule(reasoning_samples_by_default, "https://github.com/griptape-ai/griptape/issues/1915"),
    Rule(reasoning_has_no_stops, "https://github.com/huggingface/smolagents/issues/1671"),
    Rule(stops_are_few, "https://github.com/continuedev/continue/issues/2461"),
)
