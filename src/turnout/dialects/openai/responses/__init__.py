"""Responses (https://platform.openai.com/docs/api-reference/responses)."""

from .endpoint import Responses

__all__ = ["Responses"]
