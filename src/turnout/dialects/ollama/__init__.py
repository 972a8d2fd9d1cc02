"""Ollama's API, as clients speak it (https://docs.ollama.com/api)."""

from .dialect import Ollama

DIALECTS = (Ollama(),)
