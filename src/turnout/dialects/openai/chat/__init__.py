"""Chat Completions (https://platform.openai.com/docs/api-reference/chat)."""

from .endpoint import ChatCompletions

__all__ = ["ChatCompletions"]
