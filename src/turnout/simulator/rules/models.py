"""Facts about models that the vendors' rules depend on, by the beginnings of their names.

Written from the vendors' pages: https://developers.openai.com/api/docs/models,
https://platform.claude.com/docs/en/about-claude/models/overview, https://ai.google.dev/gemini-api/docs/models,
https://ollama.com/library.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, TypeVar

import msgspec

Facts = TypeVar("Facts")


class OpenAI(msgspec.Struct, frozen=True):
    """``reasons`` is "optional" if the reasoning effort "none" switches it off."""

    max_output: int
    reasons: Literal["never", "always", "optional"] = "never"


_THINKS = OpenAI(128_000, "always")
_CHOOSES = OpenAI(128_000, "optional")

OPENAI: Mapping[str, OpenAI] = {
    "gpt-3.5-turbo": OpenAI(4_096),
    "gpt-35-turbo": OpenAI(4_096),
    "gpt-4": OpenAI(8_192),
    "gpt-4-turbo": OpenAI(4_096),
    "gpt-4o": OpenAI(16_384),
    "gpt-4o-2024-05-13": OpenAI(4_096),
    "gpt-4.1": OpenAI(32_768),
    "o1": OpenAI(100_000, "always"),
    "o1-mini": OpenAI(65_536, "always"),
    "o3": OpenAI(100_000, "always"),
    "o4": OpenAI(100_000, "always"),
    "gpt-5": _THINKS,
    "gpt-5-chat": OpenAI(16_384),
    "gpt-5-pro": OpenAI(272_000, "always"),
    "gpt-5.1": _CHOOSES,
    "gpt-5.2": _CHOOSES,
    "gpt-5.3": _CHOOSES,
    "gpt-5.4": _CHOOSES,
    "gpt-5.5": _CHOOSES,
    "gpt-5.6": _CHOOSES,
    "gpt-6": _CHOOSES,
}

CLAUDE_MAX_OUTPUT: Mapping[str, int] = {
    "claude-3-opus": 4_096,
    "claude-3-haiku": 4_096,
    "claude-3-5-sonnet": 8_192,
    "claude-3-5-haiku": 8_192,
    "claude-3-7-sonnet": 128_000,
    "claude-opus-4": 32_000,
    "claude-sonnet-4": 64_000,
    "claude-opus-4-5": 64_000,
    "claude-sonnet-4-5": 64_000,
    "claude-haiku-4-5": 64_000,
    "claude-opus-4-6": 128_000,
    "claude-sonnet-4-6": 128_000,
    "claude-opus-4-7": 128_000,
    "claude-opus-4-8": 128_000,
    "claude-opus-5": 128_000,
    "claude-sonnet-5": 128_000,
}


class Budget(msgspec.Struct, frozen=True):
    """The tokens that a Gemini may think (https://ai.google.dev/gemini-api/docs/thinking#set-budget)."""

    least: int
    most: int
    can_be_off: bool


GEMINI_BUDGETS: Mapping[str, Budget] = {
    "gemini-2.5-pro": Budget(128, 32_768, can_be_off=False),
    "gemini-2.5-flash": Budget(0, 24_576, can_be_off=True),
    "gemini-2.5-flash-lite": Budget(512, 24_576, can_be_off=True),
}


class Ollama(msgspec.Struct, frozen=True):
    """``levels``: it takes a word for ``think``, as only the Harmony format of gpt-oss has it."""

    tools: bool = True
    vision: bool = False
    thinking: bool = False
    levels: bool = False


OLLAMA: Mapping[str, Ollama] = {
    "llama2": Ollama(tools=False),
    "llama3": Ollama(tools=False),
    "llama3.1": Ollama(),
    "llama3.2": Ollama(),
    "llama3.2-vision": Ollama(tools=False, vision=True),
    "llama3.3": Ollama(),
    "llama4": Ollama(vision=True),
    "llava": Ollama(tools=False, vision=True),
    "gemma": Ollama(tools=False),
    "gemma2": Ollama(tools=False),
    "gemma3": Ollama(tools=False, vision=True),
    "phi3": Ollama(tools=False),
    "phi4": Ollama(tools=False),
    "mistral": Ollama(),
    "magistral": Ollama(thinking=True),
    "qwen2.5": Ollama(),
    "qwen2.5vl": Ollama(tools=False, vision=True),
    "qwen3": Ollama(thinking=True),
    "qwen3-vl": Ollama(vision=True, thinking=True),
    "deepseek-r1": Ollama(tools=False, thinking=True),
    "gpt-oss": Ollama(thinking=True, levels=True),
}
OLLAMA_UNKNOWN = Ollama(vision=True, thinking=True, levels=True)
"""Any other name, also the simulator's own: it can do everything."""


def facts_of(table: Mapping[str, Facts], model: str) -> Facts | None:
    """The facts of the longest name in ``table`` that ``model`` is or begins with: ``gpt-4o-mini`` is a ``gpt-4o``."""
    fitting = [name for name in table if model == name or model.startswith((f"{name}-", f"{name}:"))]
    return table[max(fitting, key=len)] if fitting else None


def claude_version(model: str) -> tuple[int, int] | None:
    """(4, 5) for ``claude-sonnet-4-5-20250929``, (3, 7) for ``claude-3-7-sonnet``, None for another name."""
    found = re.match(r"claude-(?:[a-z]+-)?(\d)(?:[-.](\d)(?!\d))?", model)
    return (int(found[1]), int(found[2] or 0)) if found else None


def gemini_generation(model: str) -> int | None:
    """2 for ``gemini-2.5-flash``; None for another name."""
    found = re.match(r"(?:models/)?gemini-(\d)", model)
    return int(found[1]) if found else None
