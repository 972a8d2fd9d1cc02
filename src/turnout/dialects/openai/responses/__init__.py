"""Responses (https://platform.openai.com/docs/api-reference/responses)."""

from .compact import Compact
from .count import InputTokens
from .endpoint import Responses

__all__ = ["Compact", "InputTokens", "Responses"]
