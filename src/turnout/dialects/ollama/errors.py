"""Errors in Ollama's shape: ``{"error": "words"}`` (https://docs.ollama.com/api/errors)."""

from __future__ import annotations

from typing import Any

import msgspec

from turnout.dialects.failures import code_of, failures_member, param_of, turnout_member
from turnout.errors import TurnoutError, UpstreamError


def error_body(error: TurnoutError, request_id: str) -> bytes:
    """The words are the provider's own if it is an Ollama, with advice, as clients show nothing else. Turnout's other
    fields stand beside them.
    """
    fields: dict[str, Any] = {"error": error.message, "code": code_of(error), "request_id": request_id}
    if isinstance(error, UpstreamError) and error.words.form == "ollama" and error.words.message:
        words = error.words.message
        told = f"{words.rstrip('.')}. {error.advice}" if error.advice else words
        fields = fields | {"error": told} | turnout_member(error)
    param = param_of(error)
    if param:
        fields["param"] = param
    return msgspec.json.encode(fields | failures_member(error))
