"""The words by which providers refuse to go on with an assistant's message at the end of a conversation."""

from __future__ import annotations

import re
from typing import Final

from turnout.errors import UpstreamError

_WORDS: Final = re.compile(
    "|".join(
        (
            # Anthropic since Claude 4.6: https://github.com/agenticloops-ai/agentic-ai-engineering/issues/43
            r"does not support assistant message prefill",
            r"conversation must end with a user message",
            # Anthropic with thinking: https://platform.claude.com/docs/en/build-with-claude/extended-thinking
            r"final `?assistant`? message must start with a thinking block",
            # Gemini since 3.6: https://github.com/LibreChat-AI/agents/pull/323
            r"requests ending with a model turn are not supported",
            # Mistral without its mark: https://github.com/crewAIInc/crewAI/issues/1911
            r"expected last role user or tool",
            # DeepSeek without its mark: https://github.com/gptme/gptme/issues/467
            r"must be a user message, or an assistant message with prefix mode on",
            # llama.cpp: https://github.com/anomalyco/opencode/issues/27920
            r"assistant response prefill is incompatible",
            r"cannot have 2 or more assistant messages at the end",
            r"cannot continue an assistant message that contains tool calls",
            # vLLM: ``apply_chat_template`` in https://github.com/huggingface/transformers
            r"continue_final_message is set but",
            # A server that doesn't know a mark
            r"(?:unknown|unsupported|unrecognized|extra|unexpected|not permitted).{0,80}"
            r"\b(?:continue_final_message|add_generation_prompt|prefix|partial)\b",
            r"\b(?:continue_final_message|add_generation_prompt|prefix|partial)\b.{0,80}"
            r"(?:unknown|unsupported|unrecognized|extra|unexpected|not permitted|not allowed)",
        )
    ),
    re.IGNORECASE | re.DOTALL,
)
_STATUSES: Final = (400, 422)
_LONGEST: Final = 2000
"""Characters of a message that are looked at."""


def refuses_prefill(error: UpstreamError) -> bool:
    """Whether the provider refused the request because it ends with the assistant's words."""
    return error.status in _STATUSES and bool(_WORDS.search(error.words.message[:_LONGEST]))
