"""Errors in OpenAI's shape (https://platform.openai.com/docs/guides/error-codes)."""

from __future__ import annotations

from typing import Any

import msgspec

from turnout.dialects.failures import failures_member
from turnout.errors import RequestError, TurnoutError

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
    """The object under ``error``. When all deployments failed, ``failures`` lists them."""
    fields: dict[str, Any] = {
        "message": error.message,
        "type": _ERROR_TYPES.get(error.status, "invalid_request_error" if error.status < 500 else "server_error"),
        "param": error.param if isinstance(error, RequestError) else None,
        "code": error.code,
        "request_id": request_id,
    }
    return fields | failures_member(error)
