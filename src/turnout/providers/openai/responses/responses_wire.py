"""The fields of a reply that are read, unary and streamed. None is required, as vendors leave out various fields."""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec
from msgspec import Raw

from turnout.core import Failure, Finish, FinishReason, Usage
from turnout.providers import error_words
from turnout.providers.openai.chat.chat_wire import Count
from turnout.providers.openai.chat.decode import FORM
from turnout.providers.unreadable import decode_if_known

NOTHING = Raw()
STATUSES = {
    "insufficient_quota": 429,
    "invalid_prompt": 400,
    "context_length_exceeded": 400,
    "rate_limit_exceeded": 429,
}
"""The HTTP status for the code of an error inside a reply; 502 for all other codes."""


class InputDetails(msgspec.Struct, gc=False):
    cached_tokens: Count | None = None
    cache_write_tokens: Count | None = None


class OutputDetails(msgspec.Struct, gc=False):
    reasoning_tokens: Count | None = None


class UsageFields(msgspec.Struct):
    input_tokens: Count | None = None
    output_tokens: Count | None = None
    input_tokens_details: InputDetails | None = None
    output_tokens_details: OutputDetails | None = None


_USAGE = msgspec.json.Decoder(UsageFields | None)


def usage_of(raw: Raw) -> Usage | None:
    """None without usage and for impossible numbers: the answer matters more than its count."""
    fields = decode_if_known(_USAGE, bytes(raw), "The provider sent usage that can't be read.") if raw else None
    if fields is None or (fields.input_tokens is None and fields.output_tokens is None):
        return None
    inputs = fields.input_tokens_details or InputDetails()
    outputs = fields.output_tokens_details or OutputDetails()
    return Usage(
        input=fields.input_tokens or 0,
        output=fields.output_tokens or 0,
        cached_input=inputs.cached_tokens or 0,
        cache_write=inputs.cache_write_tokens or 0,
        reasoning=outputs.reasoning_tokens or 0,
    )


class Incomplete(msgspec.Struct):
    reason: str | None = None


class Response(msgspec.Struct):
    status: str | None = None
    error: Any = None
    incomplete_details: Incomplete | None = None
    usage: Raw = NOTHING

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
