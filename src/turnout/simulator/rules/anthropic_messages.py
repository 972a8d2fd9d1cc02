"""What Anthropic refuses in a conversation (https://platform.claude.com/docs/en/api/messages)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .asked import Asked, Refusal, Rule, object_of, objects
from .models import claude_version

BLOCK_FIELDS: Mapping[str, frozenset[str]] = {
    "text": frozenset({"cache_control", "citations", "text", "type"}),
    "image": frozenset({"cache_control", "source", "transformations", "type"}),
    "document": frozenset({"cache_control", "citations", "context", "source", "title", "type"}),
    "thinking": frozenset({"signature", "thinking", "type"}),
    "redacted_thinking": frozenset({"data", "type"}),
    "tool_use": frozenset({"cache_control", "caller", "id", "input", "name", "toolset_name", "type"}),
    "tool_result": frozenset({"cache_control", "content", "is_error", "tool_use_id", "toolset_name", "type"}),
}
"""TextBlockParam, ImageBlockParam … of anthropic-sdk-python."""
IMAGE_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp")
MOST_MARKERS = 4
SYSTEM_BETA = "mid-conversation-system"
LAST_WITH_PREFILL = (4, 5)


def messages_are_there(asked: Asked) -> Refusal | None:
    return Refusal("messages: at least one message is required") if asked.body.get("messages") == [] else None


def roles_are_known(asked: Asked) -> Refusal | None:
    for _, message in asked.objects("messages"):
        role = message.get("role")
        if role == "system" and SYSTEM_BETA not in asked.betas:
            what = 'The Messages API accepts a top-level `system` parameter, not "system" as an input message role.'
            return Refusal(f'messages: Unexpected role "system". {what}')
        if role not in ("user", "assistant", "system"):
            return Refusal(f'messages: Unexpected role "{role}". Allowed roles are "user" or "assistant"')
    return None


def message_fields_are_known(asked: Asked) -> Refusal | None:
    for index, message in asked.objects("messages"):
        for field in message:
            if field not in ("role", "content"):
                return Refusal(f"messages.{index}.{field}: Extra inputs are not permitted")
    return None


def block_fields_are_known(asked: Asked) -> Refusal | None:
    for path, block in _blocks(asked):
        kind = str(block.get("type"))
        for field in block if kind in BLOCK_FIELDS else ():
            if field not in BLOCK_FIELDS[kind]:
                return Refusal(f"{path}.{kind}.{field}: Extra inputs are not permitted")
    return None


def system_is_text(asked: Asked) -> Refusal | None:
    for index, block in asked.objects("system"):
        if block.get("type") != "text":
            return Refusal(f"system.{index}.type: Input should be 'text'")
    return None


def markers_are_few(asked: Asked) -> Refusal | None:
    marked = [*(tool for _, tool in asked.objects("tools")), *(block for _, block in asked.objects("system"))]
    marked += [block for _, block in _blocks(asked)]
    count = sum(block.get("cache_control") is not None for block in marked)
    if count > MOST_MARKERS:
        return Refusal(f"A maximum of {MOST_MARKERS} blocks with cache_control may be provided. Found {count}.")
    return None


def markers_are_on_text(asked: Asked) -> Refusal | None:
    for path, block in _blocks(asked):
        if block.get("text") == "" and block.get("cache_control") is not None:
            return Refusal(f"{path}.text: cache_control cannot be set for empty text blocks")
    return None


def messages_have_content(asked: Asked) -> Refusal | None:
    messages = asked.objects("messages")
    for index, message in messages:
        is_prefill = index == len(messages) - 1 and message.get("role") == "assistant"
        if message.get("content") in ("", []) and not is_prefill:
            what = "all messages must have non-empty content except for the optional final assistant message"
            return Refusal(f"messages.{index}: {what}")
    return None


def texts_have_words(asked: Asked) -> Refusal | None:
    blocks = [("messages", block) for _, block in _blocks(asked)]
    blocks += [("messages", {"type": "text", "text": text}) for text in _plain_contents(asked)]
    blocks += [("system", block) for _, block in asked.objects("system")]
    for place, block in blocks:
        text = block.get("text") if block.get("type") == "text" else None
        if text == "":
            return Refusal(f"{place}: text content blocks must be non-empty")
        if isinstance(text, str) and not text.strip():
            return Refusal(f"{place}: text content blocks must contain non-whitespace text")
    return None


def images_are_of_four_types(asked: Asked) -> Refusal | None:
    for path, block in _blocks(asked):
        source = object_of(block.get("source")) if block.get("type") == "image" else {}
        if source.get("type") == "base64" and source.get("media_type") not in IMAGE_TYPES:
            types = "'image/jpeg', 'image/png', 'image/gif' or 'image/webp'"
            return Refusal(f"{path}.image.source.base64.media_type: Input should be {types}")
    return None


def prefill_is_supported(asked: Asked) -> Refusal | None:
    version = claude_version(asked.model)
    last = [message for _, message in asked.objects("messages")][-1:]
    if version is None or version <= LAST_WITH_PREFILL or not last or last[0].get("role") != "assistant":
        return None
    return Refusal(
        "This model does not support assistant message prefill. The conversation must end with a user message."
    )


def prefill_ends_in_a_word(asked: Asked) -> Refusal | None:
    for _, message in [*asked.objects("messages")][-1:]:
        content = message.get("content")
        blocks = [block.get("text") for _, block in objects(content)]
        text = content if isinstance(content, str) else blocks[-1] if blocks else None
        if message.get("role") == "assistant" and isinstance(text, str) and text != text.rstrip():
            return Refusal("messages: final assistant content cannot end with trailing whitespace")
    return None


def results_answer_calls(asked: Asked) -> Refusal | None:
    called: list[str] = []
    messages = asked.objects("messages")
    for index, message in messages:
        blocks = objects(message.get("content"))
        answered = [str(block.get("tool_use_id")) for _, block in blocks if block.get("type") == "tool_result"]
        for place, block in blocks:
            if block.get("type") == "tool_result" and block.get("tool_use_id") not in called:
                unexpected = f"unexpected `tool_use_id` found in `tool_result` blocks: {block.get('tool_use_id')}."
                rule = "Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
                return Refusal(f"messages.{index}.content.{place}: {unexpected} {rule}")
        open_calls = [call for call in called if call not in answered]
        if open_calls:
            return _unanswered(open_calls, index - 1)
        called = [str(block.get("id")) for _, block in blocks if block.get("type") == "tool_use"]
    return _unanswered(called, len(messages) - 1) if called else None


def _unanswered(ids: list[str], index: int) -> Refusal:
    what = f"`tool_use` ids were found without `tool_result` blocks immediately after: {', '.join(ids)}."
    rule = "Each `tool_use` block must have a corresponding `tool_result` block in the next message."
    return Refusal(f"messages.{index}: {what} {rule}")


def _blocks(asked: Asked) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each block of the messages, also those in tool results, with its path."""
    for index, message in asked.objects("messages"):
        for place, block in objects(message.get("content")):
            path = f"messages.{index}.content.{place}"
            yield path, block
            for inner_place, inner in objects(block.get("content")) if block.get("type") == "tool_result" else ():
                yield f"{path}.tool_result.content.{inner_place}", inner


def _plain_contents(asked: Asked) -> Iterator[str]:
    for _, message in asked.objects("messages"):
        if isinstance(message.get("content"), str) and message["content"]:
            yield message["content"]


_TYPES = "https://github.com/anthropics/anthropic-sdk-python/tree/main/src/anthropic/types"
RULES: tuple[Rule, ...] = (
    Rule(messages_are_there, "https://platform.claude.com/docs/en/api/messages"),
    Rule(roles_are_known, "https://github.com/ianarawjo/ChainForge/issues/271"),
    Rule(message_fields_are_known, f"{_TYPES}/message_param.py"),
    Rule(block_fields_are_known, f"{_TYPES}/content_block_param.py"),
    Rule(system_is_text, f"{_TYPES}/message_create_params.py"),
    Rule(markers_are_few, "https://github.com/tghamm/Anthropic.SDK/issues/50"),
    Rule(markers_are_on_text, "https://github.com/askalf/dario/issues/1066"),
    Rule(messages_have_content, "https://platform.claude.com/docs/en/api/errors"),
    Rule(texts_have_words, "https://github.com/home-assistant/core/issues/175637"),
    Rule(images_are_of_four_types, "https://github.com/anthropics/claude-code/issues/8184"),
    Rule(prefill_is_supported, "https://github.com/agenticloops-ai/agentic-ai-engineering/issues/43"),
    Rule(prefill_ends_in_a_word, "https://github.com/tailcallhq/forgecode/issues/1872"),
    Rule(results_answer_calls, "https://github.com/anthropics/claude-code/issues/13460"),
)
