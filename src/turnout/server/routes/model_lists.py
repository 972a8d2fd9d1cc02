"""The model service's lists of what is served."""

from __future__ import annotations

from fastapi import APIRouter, Request

from turnout.gateway import Gateway
from turnout.guard import may_use
from turnout.server.access import key_of
from turnout.server.model_bodies import ListedModel
from turnout.server.model_records import records


def router(gateway: Gateway) -> APIRouter:
    routes = APIRouter(tags=["models"])

    @routes.get("/v1/llm/models")
    @routes.get("/api/v1/models")
    async def list_served_models(request: Request) -> list[ListedModel]:
        """Every model that this key may ask for."""
        key = key_of(request)
        served = (record for record in records(gateway.catalog) if record.status == "active")
        return [
            ListedModel(**record.model_dump(include=set(ListedModel.model_fields)))
            for record in served
            if may_use(key, record.id, gateway.snapshot)
        ]

    return routes
