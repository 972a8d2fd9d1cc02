"""Builds the control plane's FastAPI app."""

from __future__ import annotations

from fastapi import FastAPI

from turnout.gateway import Gateway
from turnout.marks import MarkFollower
from turnout.server.bearer_tokens import BearerTokens
from turnout.telemetry import SharedMetrics
from turnout.version import __version__

from .documentation import document_everything
from .errors import ERRORS, add_error_handlers
from .one_at_a_time import OneAtATime
from .routes import (
    accounts,
    audit,
    cache,
    deployments,
    documents,
    explain,
    keys,
    model_lists,
    models,
    ollama,
    probes,
    requests,
    responses,
    service_models,
    service_usage,
    usage,
    vectors,
)


def control_app(gateway: Gateway, metrics: SharedMetrics, marks: MarkFollower, tokens: BearerTokens) -> FastAPI:
    """Its routes get the caller from ``Gate``. Each route needs an entry in ``NEEDS``."""
    app = FastAPI(
        title="Turnout",
        version=__version__,
        description="One service in front of every language model.",
        responses=ERRORS,
        openapi_url=None,  # FastAPI's own pages load scripts from elsewhere
        redirect_slashes=False,
    )
    one_at_a_time = OneAtATime()
    app.include_router(documents.router())
    app.include_router(probes.router(gateway, metrics, tokens))
    app.include_router(models.router(gateway, one_at_a_time))
    app.include_router(service_models.router(gateway, one_at_a_time))
    app.include_router(model_lists.router(gateway, one_at_a_time))
    app.include_router(deployments.router(gateway, marks, metrics, one_at_a_time))
    app.include_router(explain.router(gateway))
    app.include_router(keys.router(gateway, one_at_a_time))
    app.include_router(accounts.router(gateway, one_at_a_time, "users"))
    app.include_router(accounts.router(gateway, one_at_a_time, "teams"))
    app.include_router(audit.router(gateway))
    app.include_router(cache.router(gateway, metrics))
    app.include_router(requests.router(gateway))
    app.include_router(usage.router(gateway, one_at_a_time))
    app.include_router(service_usage.router(gateway))
    app.include_router(responses.router(gateway))
    app.include_router(vectors.router(gateway))
    app.include_router(ollama.router(gateway, one_at_a_time))
    add_error_handlers(app)
    document_everything(app)
    return app
