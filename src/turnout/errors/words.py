"""What a provider said in an error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from .base import ErrorKind


@dataclass(frozen=True, slots=True)
class ProviderWords:
    """What a provider said in an error.

    ``code`` is its code, or its type if it has no code. ``status`` is the HTTP status that its words name.
    ``form`` names the form of its error object: ``openai``, ``anthropic``, ``gemini``, ``ollama``.
    ``error`` is that object as it came, as JSON; empty if there was none. ``event`` is the whole event of a relayed
    stream, where the client's wire ends a stream with one like it.
    """

    message: str = ""
    code: str | None = None
    status: int | None = None
    kind: ErrorKind = ""
    tokens: int | None = None
    limit: int | None = None
    wait: float | None = None  # seconds
    form: str = ""
    error: str = ""
    event: str = ""

    def changed(self, change: Callable[[str], str]) -> ProviderWords:
        """A copy whose texts went through ``change``."""
        message, error, event = change(self.message), change(self.error), change(self.event)
        return replace(self, message=message, error=error, event=event)
