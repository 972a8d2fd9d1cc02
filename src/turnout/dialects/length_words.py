"""The words by which clients know that a prompt is too long for the model. Many know nothing else: Claude Code, and all
that stands on litellm (aider), which looks at no code
(https://github.com/BerriAI/litellm/blob/main/litellm/litellm_core_utils/exception_mapping_utils.py).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from turnout.errors import TurnoutError


class LengthWords(NamedTuple):
    """``counted`` is for known numbers. ``known`` are the vendor's words in small letters, of which one is enough."""

    counted: str
    plain: str
    known: tuple[str, ...]


ANTHROPIC: Final = LengthWords(
    "prompt is too long: {tokens} tokens > {limit} maximum.",
    "prompt is too long.",
    ("prompt is too long", "exceed context limit"),
)
"""https://platform.claude.com/docs/en/build-with-claude/context-windows"""

OPENAI: Final = LengthWords(
    "This model's maximum context length is {limit} tokens. However, your messages resulted in {tokens} tokens.",
    "This model's maximum context length is exceeded.",
    ("maximum context length", "context window"),
)
"""Of chat, and of Responses (https://github.com/anomalyco/opencode/issues/6071)."""

GEMINI: Final = LengthWords(
    "The input token count ({tokens}) exceeds the maximum number of tokens allowed ({limit}).",
    "The input token count exceeds the maximum number of tokens allowed.",
    ("exceeds the maximum number of tokens",),
)
"""https://github.com/google-gemini/gemini-cli/issues/8499"""


def worded(message: str, error: TurnoutError, words: LengthWords) -> str:
    """``message``, which begins with the dialect's own words if the request is too long for the model."""
    if error.kind != "context" or any(known in message.lower() for known in words.known):
        return message
    if error.tokens and error.limit:
        return f"{words.counted.format(tokens=error.tokens, limit=error.limit)} {message}"
    return f"{words.plain} {message}"
