"""Ollama's own API (https://docs.ollama.com/api/chat): ``/api/chat``, streamed as one JSON object a line."""

from .provider import PROVIDERS

__all__ = ["PROVIDERS"]
