"""Errors in Google's shape: ``google.rpc.Status`` as JSON, with Google's types of details
(https://google.aip.dev/193).
"""

from __future__ import annotations

from typing import Any

import msgspec

from turnout.errors import AllDeploymentsFailed, RequestError, TurnoutError, UpstreamError

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


def error_body(error: TurnoutError, request_id: str) -> bytes:
    """``{"error": {…}}``. Turnout's own ``code`` is the reason in its ``ErrorInfo``, in upper case."""
    fields: dict[str, Any] = {
        "code": error.status,
        "message": error.message,
        "status": _STATUSES.get(error.status, "INVALID_ARGUMENT" if error.status < 500 else "INTERNAL"),
        "details": _details(error, request_id),
    }
    return msgspec.json.encode({"error": fields})


def _details(error: TurnoutError, request_id: str) -> list[dict[str, Any]]:
    details = [
        _detail("ErrorInfo", reason=error.code.upper(), domain="turnout"),
        _detail("RequestInfo", requestId=request_id),
    ]
    if isinstance(error, RequestError) and error.param:
        details.append(_detail("BadRequest", fieldViolations=[{"field": error.param, "description": error.message}]))
    if isinstance(error, UpstreamError) and error.retry_after is not None:
        details.append(_detail("RetryInfo", retryDelay=f"{error.retry_after:g}s"))
    if isinstance(error, AllDeploymentsFailed):
        failures = [f"{name}: {failure.status} {failure.code}: {failure.message}" for name, failure in error.failures]
        details.append(_detail("DebugInfo", stackEntries=failures))
    return details


def _detail(kind: str, **fields: Any) -> dict[str, Any]:
    return {"@type": f"type.googleapis.com/google.rpc.{kind}", **fields}
