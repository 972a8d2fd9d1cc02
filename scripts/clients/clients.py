"""Every client, each by every way in which it asks."""

from __future__ import annotations

from collections.abc import Sequence

from .client import Client, ProgramClient
from .commands.aider import Aider
from .commands.claude_code import ClaudeCode
from .commands.codex import Codex
from .commands.gemini_cli import GeminiCli
from .commands.llm import Llm
from .commands.opencode import Opencode

GPT, CLAUDE, GEMINI, QWEN = "gpt-5.1", "claude-sonnet-4-6", "gemini-2.5-pro", "qwen3-vl"
BY_SCHEMA = {
    "tool": "it has no loop that runs tools",
    "parallel": "it has no loop that runs tools",
    "cancel": "its answer is one tool call, which some providers send at once",
}

CLIENTS: Sequence[Client] = (
    ClaudeCode(),
    Codex(),
    GeminiCli(),
    Opencode("openai-compatible", QWEN),
    Aider(),
    Llm(),
    ProgramClient("langchain", "openai", GPT),
    ProgramClient("langchain", "responses", GPT),
    ProgramClient("langchain", "anthropic", CLAUDE),
    ProgramClient("langchain", "google", GEMINI),
    ProgramClient("langchain", "ollama", QWEN),
    ProgramClient("pydantic-ai", "chat", GPT),
    ProgramClient("pydantic-ai", "responses", GPT),
    ProgramClient("pydantic-ai", "anthropic", CLAUDE),
    ProgramClient("pydantic-ai", "google", GEMINI),
    ProgramClient("instructor", "openai", GPT, BY_SCHEMA),
    ProgramClient("instructor", "anthropic", CLAUDE, BY_SCHEMA),
    ProgramClient("openai-agents", "chat", GPT),
    ProgramClient("openai-agents", "responses", GPT),
    ProgramClient("ai-sdk", "chat", GPT),
    ProgramClient("ai-sdk", "responses", GPT),
    ProgramClient("ai-sdk", "anthropic", CLAUDE),
    ProgramClient("ai-sdk", "google", GEMINI),
    ProgramClient("ai-sdk", "compatible", QWEN),
)
