"""Liveness, health and metrics. Without a key, a client gets the status only."""

from __future__ import annotations

import time
from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response

from turnout.gateway import Gateway
from turnout.host import control_state
from turnout.routing import Board
from turnout.server.access import caller_of
from turnout.server.bearer_tokens import BearerTokens
from turnout.server.control.deployment_rows import Marked
from turnout.telemetry import CONTENT_TYPE, SharedMetrics
from turnout.version import __version__


def router(gateway: Gateway, metrics: SharedMetrics, tokens: BearerTokens) -> APIRouter:
    routes = APIRouter(tags=["operations"])
    started = time.time()

    @routes.get("/ping")
    async def ping() -> dict[str, str]:
        """Answers as long as the process does."""
        return {"status": "ok"}

    @routes.get("/health")
    async def health(request: Request) -> dict[str, Any]:
        """``degraded``: requests are answered, but something needs attention. A key gets the state of each part."""
        catalog, ledger = gateway.catalog.state(), gateway.ledger.state()
        conversations_error = gateway.conversations.error
        control = await control_state(gateway.control)
        counts_error = gateway.allowances.condition.error
        vectors_error = gateway.vectors.condition.error
        cache = gateway.cache
        cache_error = None if cache is None else cache.error
        taken = tokens.current()
        token_state = None if taken is None else taken.state()
        errors = (conversations_error, counts_error, vectors_error, cache_error)
        are_well = [catalog.ok, ledger.ok, not catalog.problems, not any(errors), control.ok]
        is_well = all(are_well) and (token_state is None or token_state.ok)
        status = {"status": "ok" if is_well else "degraded"}
        if caller_of(request).key is None:
            return status
        return status | {
            "version": __version__,
            "uptime_seconds": round(time.time() - started, 1),
            "in_flight": gateway.metrics.tally.in_flight,
            "parts": {
                "catalog": msgspec.to_builtins(catalog),
                "ledger": msgspec.to_builtins(ledger),
                "conversations": {"ok": conversations_error is None, "database": conversations_error},
                "allowances": {"ok": counts_error is None, "store": counts_error},
                "vectors": {"ok": vectors_error is None, "qdrant": vectors_error},
                "control": msgspec.to_builtins(control),
                "cache": {"ok": cache_error is None, "store": cache and cache.store.name, "error": cache_error},
                **({} if token_state is None else {"tokens": msgspec.to_builtins(token_state)}),
                "deployments": [*_troubled(gateway.board), *_marked(await metrics.marked())],
            },
        }

    @routes.get("/metrics")
    async def prometheus() -> Response:
        """Metrics of all worker processes, for Prometheus."""
        return Response(await metrics.exposition(), media_type=CONTENT_TYPE)

    return routes


def _troubled(board: Board) -> list[dict[str, Any]]:
    """The deployments whose breaker isn't closed in this process, and that have no mark. Times are Unix times in
    seconds.
    """
    now, clock = board.now(), time.time()
    return [
        {
            "deployment": id_,
            "state": state,
            "reason": breaker.reason,
            "since": round(clock - (now - breaker.since), 3),
            "tried_again": round(clock + breaker.until - now, 3) if state == "open" else None,
        }
        for id_, state in board.troubled().items()
        if id_ not in board.marks
        for breaker in (board.breakers[id_],)
    ]


def _marked(marks: Marked) -> list[dict[str, Any]]:
    """What an admin has said by hand. ``under_way`` counts the requests of all processes."""
    return [
        {"deployment": id_, "state": state, "reason": "by hand", "since": mark.since, "under_way": mark.under_way}
        for id_, (state, mark) in marks.items()
    ]
