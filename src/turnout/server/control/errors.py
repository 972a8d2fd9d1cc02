"""Errors of the control plane, in the shape of the client's probable dialect."""

from __future__ import annotations

from math import ceil
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from turnout.dialects import Dialect, registry
from turnout.errors import AllowanceError, InvalidRequest, TurnoutError
from turnout.server.request import Scope, method_and_path, new_request_id

_log = structlog.get_logger(__name__)

_OLLAMA = frozenset(
    f"/api/{name}"
    for name in ("blobs", "copy", "create", "delete", "me", "ps", "pull", "push", "show", "signout", "tags", "version")
)
_MODEL_SERVICE: Final = "/v1/vector/"

ERRORS: Final[dict[int | str, dict[str, Any]]] = {
    "4XX": {"description": "The client can mend this: an error in the shape of the dialect it seems to speak."},
    "5XX": {"description": "Something else is wrong, in the same shape."},
}
"""The errors of every route in the OpenAPI document."""


def dialect_of(scope: Scope) -> Dialect:
    """The client's probable dialect. On shared paths, headers and queries of Anthropic's and Google's SDKs tell it."""
    path, query, names = scope["path"], scope["query_string"], {name for name, _ in scope["headers"]}
    if path in _OLLAMA:
        return registry()["ollama"]
    if path.startswith(_MODEL_SERVICE):
        return registry()["model_service"]
    if path.startswith("/v1beta") or b"x-goog-api-key" in names or query.startswith(b"key=") or b"&key=" in query:
        return registry()["gemini"]
    return registry()["anthropic" if b"anthropic-version" in names else "openai"]


def add_error_handlers(app: FastAPI) -> None:
    @app.exception_handler(TurnoutError)
    async def turnout_error(request: Request, error: TurnoutError) -> Response:
        return _response(request, error)

    @app.exception_handler(HTTPException)  # a body that isn't JSON; unknown paths never get here
    async def starlette_error(request: Request, error: HTTPException) -> Response:
        return _response(request, InvalidRequest(str(error.detail)))

    @app.exception_handler(Exception)  # a defect of ours: the client is told in its own dialect, the log has the rest
    async def defect(request: Request, error: Exception) -> Response:
        response = _response(request, TurnoutError("Turnout failed. Its log says more, under this request's id."))
        path, request_id = method_and_path(request.scope), response.headers["x-request-id"]
        _log.error("a defect in Turnout", path=path, request_id=request_id, exc_info=error)
        return response

    @app.exception_handler(RequestValidationError)
    async def validation_error(request: Request, error: RequestValidationError) -> Response:
        return _response(request, _invalid(error))


def _invalid(error: RequestValidationError) -> InvalidRequest:
    first = error.errors()[0]
    param = ".".join(str(part) for part in first["loc"][1:])
    if not param or first["type"] == "json_invalid":
        return InvalidRequest("The body is not a JSON object sent as 'content-type: application/json'.")
    return InvalidRequest(f"Invalid '{param}': {first['msg']}.", param=param)


def _response(request: Request, error: TurnoutError) -> Response:
    request_id = new_request_id()
    body = dialect_of(request.scope).error(error, request_id)
    headers = {"x-request-id": request_id}
    if isinstance(error, AllowanceError) and error.retry_after is not None:
        headers["retry-after"] = str(max(1, ceil(error.retry_after)))
    return Response(body, status_code=error.status, media_type="application/json", headers=headers)
