"""The reply's form on the wire, unary and streamed. Gateways leave out what they like, so nothing is required."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, Raw, UnsetType

from turnout.core import FinishReason, Usage
from turnout.core.words import words_of

NAMESPACE = "anthropic"
WIRE = "anthropic-messages"
Fields = dict[str, Raw]


class Tokens(msgspec.Struct, gc=False):
    """``type`` is there where they are the tokens of one iteration."""

    type: str | None = None
    input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    output_tokens: int | None = None


class OutputDetails(msgspec.Struct, gc=False):
    thinking_tokens: int | None = None


class UsageFields(Tokens):
    output_tokens_details: OutputDetails | None = None
    iterations: list[Tokens] | None = None


class Message(msgspec.Struct):
    """A whole message, or what is known of one when its stream begins."""

    id: str = ""
    model: str = ""
    content: list[Fields] = []
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: Fields | None = None
    usage: UsageFields | None = None


class Body(Message):
    """A unary reply; some gateways send errors with status 200."""

    error: ErrorFields | None = None


class Piece(msgspec.Struct):
    """The ``delta`` of any event. Which fields are there depends on its type."""

    type: str = ""
    text: str = ""
    partial_json: str = ""
    thinking: str = ""
    signature: str = ""
    citation: Raw | UnsetType = UNSET
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: Fields | None = None


class ErrorDetails(msgspec.Struct):
    error_code: str | None = None


class ErrorFields(msgspec.Struct):
    type: str | None = None
    message: str | None = None
    details: ErrorDetails | None = None


class Event(msgspec.Struct):
    """Any event of a stream. Which fields are there depends on its type; unknown types are no mistake."""

    type: str = ""
    index: int = 0
    delta: Piece | None = None
    content_block: Fields | None = None
    message: Message | None = None
    usage: UsageFields | None = None
    error: ErrorFields | None = None


class UnknownPiece(msgspec.Struct):
    delta: Fields


class _ErrorBody(msgspec.Struct):
    error: ErrorFields | None = None


_ERROR_BODY = msgspec.json.Decoder(_ErrorBody)
_WORDLESS = "(no message)"

REASONS: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "refusal",
}
"""The rest (``pause_turn``, ``compaction``) means that the model is not done."""

STATUSES = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""The status that an error would have had before the answer began."""

_BILLED_APART = frozenset({"compaction", "advisor_message"})
"""Iterations whose tokens the totals leave out."""


def usage_of(fields: UsageFields) -> Usage:
    """Anthropic counts the input in three parts, and some of what its own tools did apart from the totals."""
    counted: list[Tokens] = [fields]
    counted += [iteration for iteration in fields.iterations or () if iteration.type in _BILLED_APART]
    cached = sum(tokens.cache_read_input_tokens or 0 for tokens in counted)
    written = sum(tokens.cache_creation_input_tokens or 0 for tokens in counted)
    details = fields.output_tokens_details
    return Usage(
        input=sum(tokens.input_tokens or 0 for tokens in counted) + cached + written,
        output=sum(tokens.output_tokens or 0 for tokens in counted),
        cached_input=cached,
        cache_write=written,
        reasoning=(details.thinking_tokens or 0) if details else 0,
    )


def merged(first: UsageFields | None, second: UsageFields) -> UsageFields:
    """A later count replaces an earlier one; what it doesn't mention stays."""
    if first is None:
        return second
    later = {name: value for name in second.__struct_fields__ if (value := getattr(second, name)) is not None}
    return msgspec.structs.replace(first, **later)


def error_of(body: bytes) -> tuple[str, str | None]:
    """The provider's words and code in an error reply; the beginning of the body where it has another form."""
    try:
        error = _ERROR_BODY.decode(body).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        error = None
    if error is None:
        return words_of(body) or _WORDLESS, None
    return error.message or _WORDLESS, (error.details and error.details.error_code) or error.type
