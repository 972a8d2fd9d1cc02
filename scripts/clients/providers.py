"""The providers that the simulator plays, each with a real model's name, so that the rules of that model hold."""

from __future__ import annotations

from typing import Any

import msgspec


class Provider(msgspec.Struct, frozen=True):
    """``path`` is the simulator's for this provider's wire."""

    name: str
    model: str
    path: str = ""
    api_version: str = ""

    def deployment(self, root: str) -> dict[str, Any]:
        """The deployment of Turnout's configuration, with the simulator at ``root``."""
        fields = {"provider": self.name, "model": self.model, "base_url": root + self.path, "api_key": "sk-simulated"}
        return fields | ({"api_version": self.api_version} if self.api_version else {})


PROVIDERS = (
    Provider("openai", "gpt-5.1", "/v1"),
    Provider("azure", "gpt-4o", api_version="2024-10-21"),
    Provider("anthropic", "claude-sonnet-4-5"),
    Provider("gemini", "gemini-2.5-flash", "/v1beta"),
    Provider("ollama", "qwen3-vl"),
    Provider("vllm", "qwen3-vl", "/vllm/v1"),
    Provider("llamacpp", "qwen3-vl", "/llamacpp/v1"),
    Provider("compatible", "qwen3-vl", "/vllm/v1"),
)
