"""OpenAI's Chat Completions, as clients speak it (https://platform.openai.com/docs/api-reference/chat)."""

from .dialect import OpenAIChat

DIALECTS = (OpenAIChat(),)
