"""Responses (https://platform.openai.com/docs/api-reference/responses)."""

from .count import InputTokens
from .endpoint import Responses

__all__ = ["InputTokens", "Responses"]
