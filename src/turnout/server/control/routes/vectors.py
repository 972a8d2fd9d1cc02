"""Vectors: collections, points and searches, kept in Qdrant (docs/vectors.md)."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response

from turnout.core import VECTOR_SEARCH
from turnout.errors import Forbidden
from turnout.gateway import Gateway
from turnout.guard import require_operation
from turnout.server.access import caller_of, key_of
from turnout.server.control.vector_bodies import (
    CollectionDraft,
    PointsDraft,
    PointsToDelete,
    SearchDraft,
    collection_record,
    embedding_record,
    hit_record,
    new_collection,
    points_in,
    schema_of,
    search_in,
    selection_in,
)
from turnout.server.control.vector_limits import count_search, counted_refusals
from turnout.server.control.vector_texts import embed
from turnout.vectors import Place, check_name
from turnout.vectors import Query as VectorQuery
from turnout.worker_threads import LARGE

PATH = "/v1/vector"
Name = Annotated[str, Path(description="the collection's")]
Owner = Annotated[
    str | None, Query(description="The id of the key whose collection it is. Default: your own. An admin may name any.")
]


def router(gateway: Gateway) -> APIRouter:
    """Every route needs a key that may use the operation ``vector_search``."""
    routes = APIRouter(prefix=PATH, tags=["vectors"])
    _add_collections(routes, gateway)
    _add_points(routes, gateway)
    _add_search(routes, gateway)
    return routes


def _add_collections(routes: APIRouter, gateway: Gateway) -> None:
    @routes.post("/collections", status_code=201, openapi_extra=schema_of(CollectionDraft))
    async def create_vector_collection(request: Request, owner: Owner = None) -> Response:
        """An empty collection of your own."""
        collection = new_collection(await request.body(), _owner(gateway, request, owner))
        return _json(collection_record(await gateway.vectors.create(collection)), 201)

    @routes.get("/collections")
    async def list_vector_collections(request: Request, owner: Owner = None) -> Response:
        """Your own, or all with an admin's key."""
        whose = _owner(gateway, request, owner)
        everybodys = owner is None and caller_of(request).admin
        found = await gateway.vectors.collections(None if everybodys else whose)
        return _json({"collections": list(map(collection_record, found))})

    @routes.get("/collections/{name:path}")
    async def get_vector_collection(name: Name, request: Request, owner: Owner = None) -> Response:
        """One collection, with the number of its points."""
        return _json(collection_record(await gateway.vectors.collection(_place(gateway, request, owner, name))))

    @routes.delete("/collections/{name:path}")
    async def delete_vector_collection(name: Name, request: Request, owner: Owner = None) -> Response:
        """Deletes a collection with all its points."""
        await gateway.vectors.drop(_place(gateway, request, owner, name))
        return _json({"collection_name": name, "deleted": True})


def _add_points(routes: APIRouter, gateway: Gateway) -> None:
    @routes.post("/points", openapi_extra=schema_of(PointsDraft))
    async def upsert_vector_points(request: Request, owner: Owner = None) -> Response:
        """Writes points; one of the same id is replaced. A wrong one is named, and then none is written."""
        whose, body = _owner(gateway, request, owner), await request.body()
        threads, large = gateway.worker_threads, len(body) > LARGE
        read = await threads.run_if(large, points_in, body)
        place, texts, embedded = Place(whose, read.name), read.texts, None
        if texts and read.model is not None:
            await gateway.vectors.collection(place)  # before a text costs anything
            with counted_refusals(gateway):
                embedded = await embed(gateway, read.model, texts, request)
        points = await threads.run_if(large, read.points, () if embedded is None else embedded.vectors)
        await gateway.vectors.upsert(place, points, read.paths)
        told = {"collection_name": read.name, "upserted": len(points)}
        return _json(told | embedding_record(embedded))

    @routes.delete("/points", openapi_extra=schema_of(PointsToDelete))
    async def delete_vector_points(request: Request, owner: Owner = None) -> Response:
        """Deletes points by their ids or by a filter, and says how many there were."""
        whose = _owner(gateway, request, owner)
        name, selection = selection_in(await request.body())
        deleted = await gateway.vectors.remove(Place(whose, name), selection)
        return _json({"collection_name": name, "deleted": deleted})


def _add_search(routes: APIRouter, gateway: Gateway) -> None:
    @routes.post("/search", openapi_extra=schema_of(SearchDraft))
    async def search_vectors(request: Request, owner: Owner = None) -> Response:
        """The closest points, the closest first."""
        whose = _owner(gateway, request, owner)
        draft, vector = search_in(await request.body())
        place, embedded = Place(whose, draft.collection_name), None
        with counted_refusals(gateway):
            await count_search(gateway, key_of(request))
        if vector is None and draft.text is not None and draft.model is not None:
            await gateway.vectors.collection(place)  # before the text costs anything
            with counted_refusals(gateway):
                embedded = await embed(gateway, draft.model, [draft.text], request)
            (vector,) = embedded.vectors
        filter_ = None if draft.filter is None else msgspec.json.encode(draft.filter)
        hits, threshold = await gateway.vectors.search(
            place,
            VectorQuery(vector=vector or b"", limit=draft.limit, filter=filter_),
            "text" if embedded is not None else "query_vector",
            draft.score_threshold,
        )
        told = {"results": list(map(hit_record, hits)), "score_threshold": threshold}
        return _json(told | embedding_record(embedded))


def _owner(gateway: Gateway, request: Request, named: str | None) -> str:
    """Raises ``Forbidden``."""
    key, caller = key_of(request), caller_of(request)
    require_operation(key, VECTOR_SEARCH, gateway.snapshot)
    if named is None or named == key.id:
        return key.id
    if not caller.admin:
        raise Forbidden("The collections of another key are an admin's affair.", param="owner")
    return named


def _place(gateway: Gateway, request: Request, owner: str | None, name: str) -> Place:
    whose = _owner(gateway, request, owner)
    check_name(name, "name")
    return Place(whose, name)


def _json(told: dict[str, Any], status: int = 200) -> Response:
    return Response(msgspec.json.encode(told), status_code=status, media_type="application/json")
