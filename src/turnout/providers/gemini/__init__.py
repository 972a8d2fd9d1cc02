"""Google's Gemini API (https://ai.google.dev/api/generate-content): ``generateContent`` and its stream."""

from .provider import PROVIDERS

__all__ = ["PROVIDERS"]
