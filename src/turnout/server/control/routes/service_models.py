"""The orchestration service's routes: create, list, read, change and delete models while the service runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import ceil
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from turnout.catalog import Registrar, Status
from turnout.dialects import registry
from turnout.errors import InvalidRequest, UnknownModel
from turnout.gateway import Gateway
from turnout.guard import may_use
from turnout.server.access import caller_of, key_of
from turnout.server.control.model_bodies import ModelChange, ModelDraft, ModelPage, ModelRecord
from turnout.server.control.model_drafts import api_model_from, edited
from turnout.server.control.model_records import api_model_record, record_of, records
from turnout.server.control.one_at_a_time import OneAtATime
from turnout.server.control.who import who_is
from turnout.server.endpoints import Endpoints

PATH = "/api/models"
Id = Annotated[str, Path(description="what clients ask for; may contain `/`")]
_PRIVATE = {"base_url": None, "api_key_env": None, "timeouts": None}


def router(gateway: Gateway, one_at_a_time: OneAtATime) -> APIRouter:
    routes = APIRouter(prefix=PATH, tags=["models"])
    _add_reading(routes, gateway, one_at_a_time)
    _add_writing(routes, gateway)
    return routes


def _add_reading(routes: APIRouter, gateway: Gateway, one_at_a_time: OneAtATime) -> None:
    @routes.get("")
    async def list_models(
        request: Request,
        page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
        page_size: Annotated[int, Query(ge=1, le=1000)] = 20,
        provider: str | None = None,
        capability: str | None = None,
        status: Status | None = None,
        search: Annotated[str | None, Query(description="in ids, names and upstream models, in any case")] = None,
    ) -> ModelPage:
        """All that this key may ask for, and what is inactive."""
        key, visible, snapshot = key_of(request), _visible_to(request), gateway.snapshot
        served_by = None if provider is None else _provider_name(gateway, provider)

        def list_page() -> ModelPage:
            matches = (
                record
                for record in records(gateway.catalog)
                if may_use(key, record.id, snapshot)
                and (served_by is None or record.provider == served_by)
                and (capability is None or capability in record.capabilities)
                and (status is None or record.status == status)
                and (search is None or _contains(record, search))
            )
            return _page(matches, page, page_size, visible)

        return await one_at_a_time(list_page)

    @routes.get("/{model_id:path}")
    async def get_model(model_id: Id, request: Request) -> ModelRecord:
        """One model."""
        key = key_of(request)
        record = record_of(gateway.catalog, model_id)
        if record is None or not may_use(key, model_id, gateway.snapshot):
            raise UnknownModel(model_id)
        return _visible_to(request)(record)


def _add_writing(routes: APIRouter, gateway: Gateway) -> None:
    endpoints = Endpoints(registry().values())

    def registrar(request: Request) -> Registrar:
        return Registrar(gateway.catalog, gateway.database, who_is(caller_of(request)))

    @routes.post("", status_code=201)
    async def make_model(draft: ModelDraft, request: Request) -> ModelRecord:
        """Served at once; within a second or two by every process that shares the database. Needs an admin key."""
        api_model = api_model_from(draft)
        path = f"{PATH}/{api_model.id}"
        match = endpoints.find(path)
        if match is not None and not match.model:
            raise InvalidRequest(f"'{api_model.id}' can't be an id: {path} is something else.", param="id")
        return api_model_record(gateway.catalog, await registrar(request).create(api_model))

    @routes.put("/{model_id:path}")
    async def change_model(model_id: Id, change: ModelChange, request: Request) -> ModelRecord:
        """Changes what is sent. Only models that were made here can be changed. Needs an admin key."""
        api_model = await registrar(request).change(model_id, lambda before: edited(before, change))
        return api_model_record(gateway.catalog, api_model)

    @routes.delete("/{model_id:path}", status_code=204)
    async def delete_model(model_id: Id, request: Request) -> Response:
        """Only models that were made here can be deleted. Needs an admin key."""
        await registrar(request).delete(model_id)
        return Response(status_code=204)


def _page(
    matches: Iterable[ModelRecord], page: int, size: int, visible: Callable[[ModelRecord], ModelRecord]
) -> ModelPage:
    """Keeps only the records of the page: there can be many others."""
    first, total, items = (page - 1) * size, 0, []
    for total, record in enumerate(matches, start=1):
        if first < total <= first + size:
            items.append(visible(record))
    return ModelPage(items=items, total=total, page=page, page_size=size, pages=ceil(total / size))


def _visible_to(request: Request) -> Callable[[ModelRecord], ModelRecord]:
    """Removes a model's address and key variable from its record, unless the caller may read everything."""
    if caller_of(request).auditor:
        return lambda record: record
    return lambda record: record.model_copy(update=_PRIVATE)


def _provider_name(gateway: Gateway, name: str) -> str:
    """The provider's main name, for any of its names."""
    provider = gateway.catalog.configured.factory.provider(name)
    return name if provider is None else provider.name


def _contains(record: ModelRecord, search: str) -> bool:
    words = search.casefold()
    return any(words in text.casefold() for text in (record.id, record.name, record.upstream_model))
