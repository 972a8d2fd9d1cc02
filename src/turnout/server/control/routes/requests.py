"""The whole story of a request, from the ledger."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter, Request

from turnout.errors import NotFound
from turnout.gateway import Gateway
from turnout.server.access import caller_of, key_of


def router(gateway: Gateway) -> APIRouter:
    routes = APIRouter(tags=["ledger"])

    @routes.get("/v1/requests/{request_id}")
    async def get_request(request_id: str, request: Request) -> dict[str, Any]:
        """All attempts of a request with tokens, cost and timings. A key sees its own requests, an admin's all."""
        key, is_admin = key_of(request), caller_of(request).admin
        record = await gateway.ledger.request(request_id)
        if record is None or not (is_admin or all(attempt["key_id"] == key.id for attempt in record.attempts)):
            raise NotFound(f"There is no request '{request_id}' of this key in the ledger.")
        body: dict[str, Any] = msgspec.to_builtins(record)
        return body

    return routes
