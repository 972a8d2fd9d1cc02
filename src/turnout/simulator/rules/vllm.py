"""What vLLM refuses in chat completions
(https://github.com/vllm-project/vllm/blob/main/vllm/entrypoints/openai/chat_completion/protocol.py).

It ignores fields that it doesn't know. Its errors are Pydantic's, with the whole body in them:
https://github.com/vllm-project/vllm/pull/31870 quotes one.
"""

from __future__ import annotations

from typing import Any

from .asked import Asked, Refusal, Rule, names_in, number_of, object_of, objects

PARTS = names_in(
    "text refusal thinking input_text output_text image_url input_image image_pil image_embeds audio_url input_audio "
    "audio_embeds video_url"
)
PROTOCOL = "https://github.com/vllm-project/vllm/blob/main/vllm/entrypoints/openai/chat_completion/protocol.py"


def stream_options_need_a_stream(asked: Asked) -> Refusal | None:
    if asked.body.get("stream_options") and not asked.body.get("stream"):
        return _invalid(asked, "Stream options can only be defined when `stream=True`.", "stream_options")
    return None


def tools_before_their_choice(asked: Asked) -> Refusal | None:
    if asked.body.get("tool_choice") not in (None, "none") and asked.body.get("tools") is None:
        return _invalid(asked, "When using `tool_choice`, `tools` must be set.", "tool_choice")
    return None


def choice_is_offered(asked: Asked) -> Refusal | None:
    choice = asked.body.get("tool_choice")
    if not isinstance(choice, dict):
        return None
    offered = [object_of(tool.get("function")).get("name") for _, tool in objects(asked.body.get("tools"))]
    if object_of(choice.get("function")).get("name") in offered:
        return None
    what = "The tool specified in `tool_choice` does not match any of the specified `tools`"
    return _invalid(asked, what, "tool_choice")


def likely_tokens_need_logprobs(asked: Asked) -> Refusal | None:
    count = number_of(asked.body.get("top_logprobs"))
    if count is not None and count > 0 and not asked.body.get("logprobs"):
        return _invalid(asked, "when using `top_logprobs`, `logprobs` must be set to true.", "top_logprobs")
    return None


def no_empty_tools(asked: Asked) -> Refusal | None:
    what = "`tools` must not be an empty array. Either provide at least one tool or omit the field entirely."
    return _invalid(asked, what, "tools") if asked.body.get("tools") == [] else None


def temperature_is_positive(asked: Asked) -> Refusal | None:
    temperature = number_of(asked.body.get("temperature"))
    if temperature is not None and temperature < 0:
        return Refusal(f"temperature must be non-negative, got {float(temperature)}.", "temperature")
    return None


def parts_are_known(asked: Asked) -> Refusal | None:
    for _, message in asked.objects("messages"):
        for _, part in objects(message.get("content")):
            if part.get("type") not in PARTS:
                return Refusal(f"Unknown part type: {part.get('type')}")
    return None


def one_way_to_end_the_prompt(asked: Asked) -> Refusal | None:
    if asked.body.get("continue_final_message") and asked.body.get("add_generation_prompt", True):
        both = "Cannot set both `continue_final_message` and `add_generation_prompt` to True."
        return _invalid(asked, both, "continue_final_message")
    return None


def _invalid(asked: Asked, what: str, param: str) -> Refusal:
    error: dict[str, Any] = {
        "type": "value_error",
        "loc": ("body",),
        "msg": f"Value error, {what} (parameter={param})",
        "input": asked.body,
    }
    return Refusal(f"1 validation error:\n  {error!r}", param)


LENIENT: tuple[Rule, ...] = (
    Rule(stream_options_need_a_stream, "https://github.com/vllm-project/vllm/pull/31870"),
    Rule(no_empty_tools, "https://github.com/vllm-project/vllm/pull/39780"),
    Rule(tools_before_their_choice, PROTOCOL),
    Rule(choice_is_offered, PROTOCOL),
    Rule(likely_tokens_need_logprobs, PROTOCOL),
    Rule(temperature_is_positive, "https://github.com/vllm-project/vllm/pull/31870"),
)
RULES: tuple[Rule, ...] = (
    *LENIENT,
    Rule(one_way_to_end_the_prompt, PROTOCOL),
    Rule(parts_are_known, "https://github.com/vllm-project/vllm/blob/main/vllm/entrypoints/chat_utils.py"),
)
