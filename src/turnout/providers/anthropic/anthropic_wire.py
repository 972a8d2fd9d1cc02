"""The types of replies, unary and streamed. Gateways leave out many fields, so no field is required."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from turnout.core import FinishReason

from .usage import UsageFields

NAMESPACE = "anthropic"
FORM = "anthropic"  # of its errors
WIRE = "anthropic-messages"
Fields = dict[str, Raw]


class Message(msgspec.Struct):
    """A whole message, or the first fields of one when its stream begins."""

    id: str = ""
    model: str = ""
    content: list[Fields] = []
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: Fields | None = None
    usage: UsageFields | None = None


class Body(Message):
    """A unary reply. Some gateways send errors with status 200."""

    error: Any = None


class Piece(msgspec.Struct):
    """The ``delta`` of any event. Its type tells which fields it has."""

    type: str = ""
    text: str = ""
    partial_json: str = ""
    thinking: str = ""
    signature: str = ""
    citation: Raw | UnsetType = UNSET
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: Fields | None = None


class Event(msgspec.Struct):
    """Any event of a stream. Its type tells which fields it has. Unknown types are allowed."""

    type: str = ""
    index: int = 0
    delta: Piece | None = None
    content_block: Fields | None = None
    message: Message | None = None
    usage: UsageFields | None = None
    error: Any = None


class UnknownPiece(msgspec.Struct):
    delta: Fields


REASONS: dict[str, FinishReason] = {
    "": "stop",  # of a whole message without a reason
    "message_stop": "stop",  # the end of a stream without one
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "refusal",
}
"""Other reasons (``pause_turn``, ``compaction``) mean that the model has not finished."""

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
"""The HTTP status of each type of error, for errors inside a stream."""
