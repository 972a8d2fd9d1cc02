"""The control plane: everything that isn't inference, with its documentation at ``/docs``."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from turnout.dialects import registry
from turnout.gateway import Gateway
from turnout.telemetry import SharedMetrics
from turnout.version import __version__

from .errors import add_error_handlers
from .routes import models, probes, requests


def control_app(gateway: Gateway, metrics: SharedMetrics) -> FastAPI:
    app = FastAPI(title="Turnout", version=__version__, description="One service in front of every language model.")
    app.include_router(probes.router(gateway, metrics))
    app.include_router(models.router(gateway))
    app.include_router(requests.router(gateway))
    add_error_handlers(app)
    _document_inference(app)
    return app


def _document_inference(app: FastAPI) -> None:
    """Adds the data plane's routes to the OpenAPI document: FastAPI never sees their requests."""
    described = app.openapi

    def openapi() -> dict[str, Any]:
        document = described()
        for dialect in registry().values():
            for path in dialect.paths:
                document["paths"][path] = {"post": _operation(dialect.name)}
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend its document


def _operation(dialect: str) -> dict[str, Any]:
    reply = {"description": "The answer, whole or as a stream, in the same dialect."}
    return {
        "tags": ["inference"],
        "summary": f"Chat, in the {dialect} dialect",
        "operationId": f"chat_{dialect}",
        "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}},
        "responses": {"200": reply, "4XX": {"description": "An error in the dialect's shape."}},
    }
