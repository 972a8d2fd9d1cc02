"""Errors in Google's shape: ``google.rpc.Status`` as JSON, with Google's types of details
(https://google.aip.dev/193).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from turnout.dialects.failures import code_of, param_of, provider_object, turnout_member
from turnout.dialects.length_words import GEMINI, worded
from turnout.errors import AllDeploymentsFailed, ErrorKind, TurnoutError, UpstreamError

_STATUSES = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    408: "DEADLINE_EXCEEDED",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}

_STATUSES_OF_KINDS: Mapping[ErrorKind, str] = {
    "context": "INVALID_ARGUMENT",
    "quota": "RESOURCE_EXHAUSTED",
    "rate_limit": "RESOURCE_EXHAUSTED",
    "overloaded": "UNAVAILABLE",
    "content_filter": "INVALID_ARGUMENT",
    "model_not_found": "NOT_FOUND",
}
"""Where an error's meaning is known, whatever its status. Gemini CLI waits after RESOURCE_EXHAUSTED as RetryInfo says
(packages/core/src/utils/googleQuotaErrors.ts in google-gemini/gemini-cli).
"""


def error_body(error: TurnoutError, request_id: str) -> bytes:
    """``{"error": {…}}``. Turnout's own ``code`` is the reason in its ``ErrorInfo``, in upper case."""
    fields: dict[str, Any] = {
        "code": error.status,
        "message": worded(error.message, error, GEMINI),
        "status": _status(error),
        "details": _details(error, request_id),
    }
    told = provider_object(error, "gemini")
    if told is not None:
        told["message"] = worded(told["message"], error, GEMINI)
        fields |= told
        details = told.get("details")
        fields["details"] = [*(details if isinstance(details, list) else ()), *_own_details(error, request_id)]
    return msgspec.json.encode({"error": fields})


def _status(error: TurnoutError) -> str:
    own = _STATUSES.get(error.status, "INVALID_ARGUMENT" if error.status < 500 else "INTERNAL")
    return _STATUSES_OF_KINDS.get(error.kind, own)


def _own_details(error: TurnoutError, request_id: str) -> list[dict[str, Any]]:
    """Turnout's code, the deployment that failed and advice; and the request's id."""
    metadata = turnout_member(error).get("turnout", {})
    info = {"reason": code_of(error).upper(), "domain": "turnout"}
    return [
        _detail("ErrorInfo", **info, **({"metadata": metadata} if metadata else {})),
        _detail("RequestInfo", requestId=request_id),
    ]


def _details(error: TurnoutError, request_id: str) -> list[dict[str, Any]]:
    details = _own_details(error, request_id)
    param = param_of(error)
    if param:
        details.append(_detail("BadRequest", fieldViolations=[{"field": param, "description": error.message}]))
    if isinstance(error, UpstreamError) and error.retry_after is not None:
        details.append(_detail("RetryInfo", retryDelay=f"{error.retry_after:g}s"))
    if isinstance(error, AllDeploymentsFailed):
        failures = [f"{name}: {failure.status} {failure.code}: {failure.message}" for name, failure in error.failures]
        details.append(_detail("DebugInfo", stackEntries=failures))
    return details


def _detail(kind: str, **fields: Any) -> dict[str, Any]:
    return {"@type": f"type.googleapis.com/google.rpc.{kind}", **fields}
