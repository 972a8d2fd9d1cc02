"""The control plane: everything that isn't inference, with its documentation at ``/docs``."""

from __future__ import annotations

import re
from typing import Any

from fastapi import FastAPI

from turnout.dialects import registry
from turnout.gateway import Gateway
from turnout.telemetry import SharedMetrics
from turnout.version import __version__

from .endpoints import paths_of
from .errors import ERRORS, add_error_handlers
from .routes import model_lists, models, ollama, probes, requests, responses, service_models


def control_app(gateway: Gateway, metrics: SharedMetrics) -> FastAPI:
    description = "One service in front of every language model."
    app = FastAPI(title="Turnout", version=__version__, description=description, responses=ERRORS)
    app.include_router(probes.router(gateway, metrics))
    app.include_router(models.router(gateway))
    app.include_router(service_models.router(gateway))
    app.include_router(model_lists.router(gateway))
    app.include_router(requests.router(gateway))
    app.include_router(responses.router(gateway))
    app.include_router(ollama.router(gateway))
    add_error_handlers(app)
    _document_inference(app)
    return app


def _document_inference(app: FastAPI) -> None:
    """Adds the data plane's routes to the OpenAPI document: FastAPI never sees their requests."""
    described = app.openapi

    def openapi() -> dict[str, Any]:
        document = described()
        for path, dialect, endpoint in paths_of(registry().values()):
            taken = getattr(endpoint, "request_type", "application/json")  # what takes forms says so
            document["paths"].setdefault(path, {})["post"] = _operation(path, dialect.name, taken)
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend its document


def _operation(path: str, dialect: str, taken: str) -> dict[str, Any]:
    reply = {"description": "The answer, whole or as a stream, in the same dialect."}
    model = {"name": "model", "in": "path", "required": True, "schema": {"type": "string"}}
    return {
        "tags": ["inference"],
        "summary": f"In the {dialect} dialect",
        "operationId": f"{dialect}_{re.sub('[^a-zA-Z0-9]+', '_', path).strip('_')}",
        "parameters": [model] if "{model}" in path else [],
        "requestBody": {"required": True, "content": {taken: {"schema": {"type": "object"}}}},
        "responses": {"200": reply, "4XX": {"description": "An error in the dialect's shape."}},
    }
