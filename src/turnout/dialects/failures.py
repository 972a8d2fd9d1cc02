"""What the dialects share in telling an error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from turnout.errors import AllDeploymentsFailed, ControlRefused, ErrorKind, RequestError, TurnoutError, UpstreamError

CODES: Final[Mapping[ErrorKind, str]] = {
    "context": "context_length_exceeded",
    "quota": "insufficient_quota",
    "rate_limit": "rate_limit_exceeded",
    "overloaded": "server_is_overloaded",
    "content_filter": "content_filter",
    "model_not_found": "model_not_found",
}
"""OpenAI's codes, by which clients decide (https://platform.openai.com/docs/guides/error-codes;
codex-rs/codex-api/src/sse/responses.rs in openai/codex; content_filter is Azure's). A provider that refuses
Turnout's key has none: ``invalid_api_key`` would be about the client's own.
"""

_OBJECT = msgspec.json.Decoder(dict[str, Any])


def code_of(error: TurnoutError) -> str:
    """OpenAI's code for what an upstream's error means, else Turnout's own."""
    return CODES.get(error.kind, error.code) if isinstance(error, UpstreamError) else error.code


def provider_object(error: TurnoutError, form: str) -> dict[str, Any] | None:
    """The provider's error object as it came, if it has the form of this dialect.

    ``message`` is always there. ``param`` is a path in the provider's wire: it stays only where the client speaks the
    same one.
    """
    if not isinstance(error, UpstreamError) or error.words.form != form or not error.words.error:
        return None
    fields = _OBJECT.decode(error.words.error)
    if not isinstance(fields.get("message"), str):
        fields["message"] = error.words.message or error.message
    if not error.same_wire and "param" in fields:
        fields["param"] = None
    return fields


def turnout_member(error: TurnoutError) -> dict[str, dict[str, str]]:
    """``{"turnout": {…}}``, beside a provider's words: Turnout's own code, the deployment that failed, advice."""
    if not isinstance(error, UpstreamError):
        return {}
    fields = {"code": error.code, "deployment": error.deployment, "advice": error.advice}
    return {"turnout": {name: value for name, value in fields.items() if value}}


def param_of(error: TurnoutError) -> str | None:
    """The path of the field at fault, in the client's own terms; None where nobody said it."""
    return error.param if isinstance(error, RequestError | ControlRefused) else None


def failures_member(error: TurnoutError) -> dict[str, list[dict[str, Any]]]:
    """``{"failures": […]}`` when all deployments failed, else nothing."""
    if not isinstance(error, AllDeploymentsFailed):
        return {}
    return {
        "failures": [
            {"deployment": deployment, "status": failure.status, "code": failure.code, "message": failure.message}
            for deployment, failure in error.failures
        ]
    }
