"""Lists of served models in the client's dialect."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from turnout.catalog import context_of, max_output_of, representative_of
from turnout.core import Model
from turnout.dialects import ServedModel
from turnout.errors import UnknownModel
from turnout.gateway import Gateway
from turnout.guard import may_use
from turnout.server.access import key_of
from turnout.server.control.errors import dialect_of
from turnout.server.control.one_at_a_time import OneAtATime


def router(gateway: Gateway, one_at_a_time: OneAtATime) -> APIRouter:
    routes = APIRouter(tags=["models"])

    @routes.get("/v1beta1/models", include_in_schema=False)
    @routes.get("/v1beta/models")
    @routes.get("/v1/models")
    async def list_models(request: Request) -> Response:
        """Every name that this key may ask for."""
        key, snapshot, dialect = key_of(request), gateway.snapshot, dialect_of(request.scope)

        def list_body() -> bytes:
            served = [_served_model(name, model) for name, model in snapshot.served() if may_use(key, name, snapshot)]
            return dialect.models(served)

        return Response(await one_at_a_time(list_body), media_type="application/json")

    @routes.get("/v1beta1/models/{name:path}", include_in_schema=False)
    @routes.get("/v1beta/models/{name:path}")
    @routes.get("/v1/models/{name:path}")
    async def get_model(name: str, request: Request) -> Response:
        """One model."""
        key, snapshot = key_of(request), gateway.snapshot
        if not may_use(key, name, snapshot):
            raise UnknownModel(name)
        served_model = _served_model(name, snapshot.find(name))
        return Response(dialect_of(request.scope).model(served_model), media_type="application/json")

    return routes


def _served_model(name: str, model: Model) -> ServedModel:
    return ServedModel(
        id=name,
        provider=representative_of(model).provider,
        created=model.created,
        context=context_of(model),
        max_output=max_output_of(model),
    )
