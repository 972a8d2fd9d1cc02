"""Which recorded requests a provider isn't sent, or doesn't take, with the words of the error: others are answered."""

from __future__ import annotations

from collections.abc import Mapping

REFUSED: Mapping[tuple[str, str], str] = {}
"""By the beginning of the file's name and the provider. A row that isn't true any more fails the test."""

TOO_LARGE = "128000|max_tokens is too large"
CODEX_TOOLS = r"tools\[\d\]\.type"

NOT_YET: Mapping[tuple[str, str], str] = {
    # Codex's tools that only Responses has (``custom``, ``tool_search``) have yet to become functions.
    ("codex", "anthropic"): CODEX_TOOLS,
    ("codex", "gemini"): CODEX_TOOLS,
    ("codex", "ollama"): CODEX_TOOLS,
    ("codex", "llamacpp"): CODEX_TOOLS,
    ("codex", "compatible"): CODEX_TOOLS,
    # They ask for what a newer Claude can give: it has yet to be lowered before it is checked, and on the same wire.
    ("ai-sdk-anthropic", "anthropic"): TOO_LARGE,
    ("ai-sdk-anthropic", "azure"): TOO_LARGE,
    ("ai-sdk-anthropic", "gemini"): TOO_LARGE,
    ("claude-code", "azure"): TOO_LARGE,
    ("langchain-anthropic", "anthropic"): TOO_LARGE,
    ("langchain-anthropic", "azure"): TOO_LARGE,
    ("langchain-anthropic", "gemini"): TOO_LARGE,
    ("pydantic-ai-anthropic", "anthropic"): TOO_LARGE,
    ("pydantic-ai-anthropic", "azure"): TOO_LARGE,
    ("pydantic-ai-anthropic", "gemini"): TOO_LARGE,
    # What the model of the request can do, and the one behind its name can't: the same wire has yet to leave it out.
    ("claude-code", "anthropic"): "adaptive thinking is not supported",
    ("codex", "azure"): "reasoning.effort",
    # Gemini 2.5 takes no schema beside functions.
    ("instructor-openai-structured", "gemini"): "response mime type",
}
"""Patterns of known faults of Turnout. Some only a strict simulator shows. Who mends one deletes its row."""
