"""Errors in Anthropic's shape (https://platform.claude.com/docs/en/api/errors)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from turnout.dialects.failures import code_of, failures_member, param_of, provider_object, turnout_member
from turnout.dialects.length_words import ANTHROPIC, worded
from turnout.errors import BudgetSpent, ErrorKind, TurnoutError

_TYPES: Final[Mapping[int, str]] = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}

_TYPES_OF_KINDS: Final[Mapping[ErrorKind, str]] = {
    "context": "invalid_request_error",
    "quota": "billing_error",
    "rate_limit": "rate_limit_error",
    "overloaded": "overloaded_error",
    "content_filter": "invalid_request_error",
    "model_not_found": "not_found_error",
}
"""Where an error's meaning is known, whatever its status."""


_BILLING_ERROR: Final = 402


def status_of(error: TurnoutError) -> int:
    """A budget that is spent is a ``billing_error``, which has a status of its own, and which the SDKs don't try again.

    https://docs.claude.com/en/api/errors#http-errors
    """
    return _BILLING_ERROR if isinstance(error, BudgetSpent) else error.status


def error_body(error: TurnoutError, request_id: str) -> bytes:
    """Anthropic's own error if the provider has this form, else one with Turnout's ``code`` and ``param``, and with
    ``failures`` when all deployments failed.
    """
    told = provider_object(error, "anthropic")
    if told is not None:
        told["message"] = worded(told["message"], error, ANTHROPIC)
        body = {"type": "error", "error": {"type": _type(error)} | told, "request_id": request_id}
        return msgspec.json.encode(body | turnout_member(error))
    fields: dict[str, Any] = {
        "type": _type(error),
        "message": worded(error.message, error, ANTHROPIC),
        "code": code_of(error),
        "param": param_of(error),
    }
    return msgspec.json.encode({"type": "error", "error": fields | failures_member(error), "request_id": request_id})


def _type(error: TurnoutError) -> str:
    own = _TYPES.get(error.status, "invalid_request_error" if error.status < 500 else "api_error")
    return _TYPES_OF_KINDS.get(error.kind, own)
