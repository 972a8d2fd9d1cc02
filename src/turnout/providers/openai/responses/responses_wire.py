"""The fields of a reply that are read, unary and streamed. None is required, as vendors leave out various fields."""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec
from msgspec import Raw

from turnout.core import Failure, Finish, FinishReason
from turnout.providers import error_words
from turnout.providers.openai.chat.decode import FORM

NOTHING = Raw()
STATUSES = {
    "insufficient_quota": 429,
    "invalid_prompt": 400,
    "context_length_exceeded": 400,
    "rate_limit_exceeded": 429,
}
"""The HTTP status for the code of an error inside a reply; 502 for all other codes."""


class Incomplete(msgspec.Struct):
    reason: str | None = None


class Response(msgspec.Struct):
    status: str | None = None
    error: Any = None
    incomplete_details: Incomplete | None = None
    usage: Raw = NOTHING
    service_tier: str | None = None
    output: Raw = NOTHING

    def finish(self, told: str) -> Finish | None:
        """None for a response that isn't finished yet. ``told`` is the status of one that has none."""
        reason = self.incomplete_details.reason if self.incomplete_details else None
        status = self.status or told
        if status == "incomplete":
            return Finish(_REASONS.get(reason or "", "other"), reason or "incomplete")
        return Finish("stop", "completed") if status == "completed" else None


_REASONS: dict[str, FinishReason] = {"max_output_tokens": "length", "content_filter": "content_filter"}


def failure_of(error: Any, event: bytes = b"") -> Failure:
    """The failure for an error in place of an answer. ``event`` is the relayed event that ends the client's stream."""
    if error is None:
        error = "The provider failed, and didn't say why."
    failure = error_words.failure_of(error, FORM, STATUSES)
    if event and failure.words is not None:
        words = dataclasses.replace(failure.words, event=event.decode(errors="replace"))
        return msgspec.structs.replace(failure, words=words)
    return failure
