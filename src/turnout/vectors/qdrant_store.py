"""The store in Qdrant, by its own client: the same for a server, for a folder of this machine, and for memory."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from turnout.errors import Conflict, NotFound, TurnoutError

from .collections import Collection, Place, name_in_qdrant, place_in
from .filters import filter_in
from .points import ORIGINAL_ID, Hit, Point, Query, Selection, id_in_qdrant, numbers_in
from .words_of_qdrant import explained

if TYPE_CHECKING:
    from qdrant_client import AsyncQdrantClient
    from qdrant_client.models import Filter, PointStruct, VectorParams

T = TypeVar("T")

_object = msgspec.json.Decoder(dict[str, Any])


class QdrantStore:
    """Its imports are inside its methods: qdrant-client takes most of a second, and most services have no vectors."""

    def __init__(self, client: AsyncQdrantClient) -> None:
        self._client = client

    async def create(self, collection: Collection) -> None:
        from qdrant_client.models import Distance, VectorParams

        name, place = name_in_qdrant(collection.place), collection.place
        if await self._asked(place, self._client.collection_exists(name)):
            raise _is_there(place)
        vectors = VectorParams(size=collection.size, distance=Distance(collection.distance))
        await self._asked(place, self._client.create_collection(name, vectors_config=vectors))

    async def places(self) -> list[Place]:
        told = await self._asked(None, self._client.get_collections())
        return [place for place in map(place_in, [each.name for each in told.collections]) if place is not None]

    async def collection(self, place: Place) -> Collection:
        info = await self._asked(place, self._client.get_collection(name_in_qdrant(place)))
        vectors = info.config.params.vectors
        if vectors is None or isinstance(vectors, dict):
            raise Conflict(f"The collection '{place.name}' was not made by Turnout: its vectors have names.")
        return _collection(place, vectors, info.points_count or 0)

    async def drop(self, place: Place) -> None:
        name = name_in_qdrant(place)
        if not await self._asked(place, self._client.collection_exists(name)):
            raise _not_found(place)
        await self._asked(place, self._client.delete_collection(name))

    async def upsert(self, place: Place, points: Sequence[Point]) -> None:
        name = name_in_qdrant(place)
        await self._asked(place, self._client.upsert(name, points=[_struct(point) for point in points], wait=True))

    async def remove(self, place: Place, selection: Selection) -> int:
        from qdrant_client.models import FilterSelector

        name, chosen = name_in_qdrant(place), _chosen(selection)
        count = await self._asked(place, self._client.count(name, count_filter=chosen, exact=True))
        if count.count:
            await self._asked(
                place, self._client.delete(name, points_selector=FilterSelector(filter=chosen), wait=True)
            )
        return count.count

    async def search(self, place: Place, query: Query) -> Sequence[Hit]:
        name = name_in_qdrant(place)
        answer = await self._asked(
            place,
            self._client.query_points(
                name,
                query=numbers_in(query.vector),
                limit=query.limit,
                score_threshold=query.score_threshold,
                query_filter=None if query.filter is None else filter_in(query.filter),
                with_payload=True,
            ),
        )
        return [_hit(str(point.id), point.score, point.payload or {}) for point in answer.points]

    async def new_among(self, place: Place, points: Sequence[Point]) -> int:
        """How many of the points aren't there yet."""
        ids = {id_in_qdrant(point.id) for point in points}
        name = name_in_qdrant(place)
        there = await self._asked(place, self._client.retrieve(name, list(ids), with_payload=False, with_vectors=False))
        return len(ids) - len(there)

    async def count(self) -> int:
        """The points of all collections."""
        names = [name_in_qdrant(place) for place in await self.places()]
        return sum([(await self._asked(None, self._client.count(name))).count for name in names])

    async def close(self) -> None:
        await self._client.close()

    async def _asked(self, place: Place | None, asked: Awaitable[T]) -> T:
        try:
            return await asked
        except TurnoutError:
            raise
        except Exception as error:  # the client raises httpx's, SQLite's, its own and plain ValueErrors
            explanation = explained(error)
            if explanation is None:
                raise
            if isinstance(explanation, NotFound) and place is not None:
                raise _not_found(place) from error
            if isinstance(explanation, Conflict) and place is not None:
                raise _is_there(place) from error
            raise explanation from error


def _not_found(place: Place) -> NotFound:
    return NotFound(
        f"The collection '{place.name}' does not exist here. POST /v1/vector/collections makes one.",
        param="collection_name",
    )


def _is_there(place: Place) -> Conflict:
    return Conflict(f"The collection '{place.name}' exists already.", param="collection_name")


def _collection(place: Place, vectors: VectorParams, points: int) -> Collection:
    return Collection(place=place, size=vectors.size, distance=vectors.distance.value, points=points)


def _struct(point: Point) -> PointStruct:
    from qdrant_client.models import PointStruct

    payload = _object.decode(point.payload) | {ORIGINAL_ID: point.id}
    return PointStruct(id=id_in_qdrant(point.id), vector=numbers_in(point.vector), payload=payload)


def _chosen(selection: Selection) -> Filter:
    from qdrant_client.models import Filter, HasIdCondition

    if selection.filter is not None:
        return filter_in(selection.filter)
    return Filter(must=[HasIdCondition(has_id=[id_in_qdrant(id_) for id_ in selection.ids])])


def _hit(id_: str, score: float, payload: dict[str, Any]) -> Hit:
    """A point that another client wrote has no id but Qdrant's."""
    original = payload.pop(ORIGINAL_ID, id_)
    return Hit(str(original), score, msgspec.json.encode(payload))
