"""Is it there, is it well, what has it done. Open to whoever reaches the port: they tell no secret."""

from __future__ import annotations

import time
from typing import Any

import msgspec
from fastapi import APIRouter, Response

from turnout.gateway import Gateway
from turnout.telemetry import CONTENT_TYPE, SharedMetrics
from turnout.version import __version__


def router(gateway: Gateway, metrics: SharedMetrics) -> APIRouter:
    routes = APIRouter(tags=["operations"])
    started = time.time()

    @routes.head("/ping", include_in_schema=False)  # load balancers ask like this
    @routes.get("/ping")
    async def ping() -> dict[str, str]:
        """Answers as long as the process does."""
        return {"status": "ok"}

    @routes.head("/health", include_in_schema=False)
    @routes.get("/health")
    async def health() -> dict[str, Any]:
        """Each part's state. ``degraded``: requests are answered, but something needs a look."""
        catalog, ledger = gateway.catalog.state(), gateway.ledger.state()
        kept = gateway.conversations.error
        well = catalog.ok and ledger.ok and not catalog.problems and kept is None
        return {
            "status": "ok" if well else "degraded",
            "version": __version__,
            "uptime_seconds": round(time.time() - started, 1),
            "in_flight": gateway.metrics.tally.in_flight,
            "parts": {
                "catalog": msgspec.to_builtins(catalog),
                "ledger": msgspec.to_builtins(ledger),
                "conversations": {"ok": kept is None, "database": kept},
            },
        }

    @routes.get("/metrics")
    async def prometheus() -> Response:
        """For Prometheus; of all worker processes."""
        return Response(await metrics.exposition(), media_type=CONTENT_TYPE)

    return routes
