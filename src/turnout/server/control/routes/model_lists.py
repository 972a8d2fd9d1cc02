"""The model service's lists of served models."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import TypeAdapter

from turnout.gateway import Gateway
from turnout.guard import may_use
from turnout.server.access import key_of
from turnout.server.control.model_bodies import ListedModel
from turnout.server.control.model_records import records
from turnout.server.control.one_at_a_time import OneAtATime

_LIST = TypeAdapter(list[ListedModel])


def router(gateway: Gateway, one_at_a_time: OneAtATime) -> APIRouter:
    routes = APIRouter(tags=["models"])

    @routes.get("/v1/llm/models", response_model=list[ListedModel])
    @routes.get("/api/v1/models", response_model=list[ListedModel])
    async def list_served_models(request: Request) -> Response:
        """Every model that this key may ask for."""
        key, snapshot = key_of(request), gateway.snapshot

        def list_body() -> bytes:
            served = (record for record in records(gateway.catalog) if record.status == "active")
            listed_models = [
                ListedModel(**record.model_dump(include=set(ListedModel.model_fields)))
                for record in served
                if may_use(key, record.id, snapshot)
            ]
            return _LIST.dump_json(listed_models)

        return Response(await one_at_a_time(list_body), media_type="application/json")

    return routes
