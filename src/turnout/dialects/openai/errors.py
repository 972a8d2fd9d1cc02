"""Errors in OpenAI's shape (https://platform.openai.com/docs/guides/error-codes)."""

from __future__ import annotations

from typing import Any

import msgspec

from turnout.dialects.failures import CODES, code_of, failures_member, param_of, provider_object, turnout_member
from turnout.dialects.length_words import OPENAI, worded
from turnout.errors import TurnoutError

_ERROR_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    500: "server_error",
    502: "server_error",
    503: "server_error",
    504: "server_error",
}


def error_body(error: TurnoutError, request_id: str) -> bytes:
    return msgspec.json.encode({"error": error_fields(error, request_id)})


def error_fields(error: TurnoutError, request_id: str) -> dict[str, Any]:
    """The object under ``error``: the provider's own if it has this form, else Turnout's.

    When all deployments failed, ``failures`` lists them. ``turnout`` has Turnout's own code where another one tells
    more.
    """
    fields: dict[str, Any] = {
        "message": worded(error.message, error, OPENAI),
        "type": _type(error),
        "param": param_of(error),
        "code": code_of(error),
        "request_id": request_id,
    }
    told = provider_object(error, "openai")
    if told is not None:
        told["message"] = worded(told["message"], error, OPENAI)
        return _completed(told, fields) | turnout_member(error)
    if fields["code"] != error.code:
        fields |= turnout_member(error)
    return fields | failures_member(error)


def _completed(told: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """The provider's object with the members that SDKs read. A code that is only the HTTP status says nothing."""
    if not isinstance(told.get("code"), str) and (own["code"] in CODES.values() or "code" not in told):
        told["code"] = own["code"]
    return own | told | {"request_id": own["request_id"]}


def _type(error: TurnoutError) -> str:
    if error.kind == "quota":
        return "insufficient_quota"
    if error.kind == "context":
        return "invalid_request_error"
    return _ERROR_TYPES.get(error.status, "invalid_request_error" if error.status < 500 else "server_error")
