"""Completions, OpenAI's API before chat (https://platform.openai.com/docs/api-reference/completions)."""

from .endpoint import Completions

__all__ = ["Completions"]
