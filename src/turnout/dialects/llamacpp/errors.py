"""Errors in llama.cpp's shape (``format_error_response`` in tools/server/server-common.cpp of ggml-org/llama.cpp)."""

from __future__ import annotations

from typing import Any

import msgspec

from turnout.dialects.failures import code_of, param_of, provider_object, turnout_member
from turnout.errors import TurnoutError

_ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    501: "not_supported_error",
    503: "unavailable_error",
}


def error_body(error: TurnoutError, request_id: str) -> bytes:
    """The provider's own object if it comes from llama.cpp. Else the ``code`` is the HTTP status, as there, and the
    ``reason`` says more.
    """
    told = provider_object(error, "openai") if getattr(error, "same_wire", False) else None
    if told is not None:
        return msgspec.json.encode({"error": told | {"request_id": request_id} | turnout_member(error)})
    fields: dict[str, Any] = {
        "code": error.status,
        "message": error.message,
        "type": _ERROR_TYPES.get(error.status, "invalid_request_error" if error.status < 500 else "server_error"),
        "reason": code_of(error),
        "request_id": request_id,
    }
    if error.kind == "context":
        fields |= {"type": "exceed_context_size_error", "n_prompt_tokens": error.tokens, "n_ctx": error.limit}
    param = param_of(error)
    if param:
        fields["param"] = param
    return msgspec.json.encode({"error": fields})
