"""What llama.cpp's server refuses in chat completions: ``oaicompat_chat_params_parse`` in
https://github.com/ggml-org/llama.cpp/blob/master/tools/server/server-common.cpp. It ignores fields that it
doesn't know.
"""

from __future__ import annotations

from .asked import Asked, Refusal, Rule, object_of, objects

SERVER = "https://github.com/ggml-org/llama.cpp/blob/master/tools/server/server-common.cpp"
PARTS = ("text", "image_url", "input_audio")
FORMATS = ("", "text", "json_object", "json_schema")


def format_is_known(asked: Asked) -> Refusal | None:
    kind = object_of(asked.body.get("response_format")).get("type", "")
    if kind in FORMATS:
        return None
    return Refusal(f'response_format type must be one of "text" or "json_object", but got: {kind}')


def content_is_there(asked: Asked) -> Refusal | None:
    for _, message in asked.objects("messages"):
        if message.get("role") != "assistant" and "content" not in message:
            return Refusal("All non-assistant messages must contain 'content'")
        if "content" not in message and "tool_calls" not in message:
            return Refusal("Assistant message must contain either 'content' or 'tool_calls'!")
    return None


def parts_are_known(asked: Asked) -> Refusal | None:
    for _, message in asked.objects("messages"):
        if any(part.get("type") not in PARTS for _, part in objects(message.get("content"))):
            return Refusal("unsupported content[].type")
    return None


def grammar_excludes_tools(asked: Asked) -> Refusal | None:
    if asked.body.get("tools") and asked.body.get("tool_choice") != "none" and "grammar" in asked.body:
        return Refusal("Cannot use custom grammar constraints with tools.")
    return None


def grammar_excludes_a_schema(asked: Asked) -> Refusal | None:
    if asked.body.get("json_schema") is not None and asked.body.get("grammar"):
        return Refusal("Cannot use both json_schema and grammar", status=500)
    return None


def one_prefill(asked: Asked) -> Refusal | None:
    if [message.get("role") for _, message in asked.objects("messages")][-2:] == ["assistant", "assistant"]:
        return Refusal("Cannot have 2 or more assistant messages at the end of the list.")
    return None


def one_way_to_end_the_prompt(asked: Asked) -> Refusal | None:
    if asked.body.get("continue_final_message") and asked.body.get("add_generation_prompt", True):
        return Refusal("Cannot set both add_generation_prompt and continue_final_message to true.")
    return None


def calls_end_a_message(asked: Asked) -> Refusal | None:
    last = [message for _, message in asked.objects("messages")][-1:]
    if last and last[0].get("role") == "assistant" and last[0].get("tool_calls"):
        return Refusal("Cannot continue an assistant message that contains tool calls.")
    return None


def logprobs_exclude_streamed_tools(asked: Asked) -> Refusal | None:
    if asked.body.get("logprobs") and asked.body.get("tools") and asked.body.get("stream"):
        return Refusal("logprobs is not supported with tools + stream")
    return None


def likely_tokens_need_logprobs(asked: Asked) -> Refusal | None:
    if asked.body.get("top_logprobs") is not None and not asked.body.get("logprobs"):
        return Refusal("top_logprobs requires logprobs to be set to true")
    return None


RULES: tuple[Rule, ...] = (
    Rule(grammar_excludes_a_schema, SERVER),
    Rule(format_is_known, SERVER),
    Rule(content_is_there, SERVER),
    Rule(parts_are_known, SERVER),
    Rule(grammar_excludes_tools, SERVER),
    Rule(one_prefill, "https://github.com/co-l/openfox/issues/367"),
    Rule(one_way_to_end_the_prompt, SERVER),
    Rule(calls_end_a_message, SERVER),
    Rule(logprobs_exclude_streamed_tools, SERVER),
    Rule(likely_tokens_need_logprobs, SERVER),
)
