"""The store as the API uses it: checked before anything is written, and bounded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from msgspec import UNSET, UnsetType, structs

from turnout.errors import Conflict, NotFound, PartlyWritten, TurnoutError, VectorsUnavailable
from turnout.telemetry import Condition

from .collections import Collection, Place
from .points import Hit, Point, Query, Selection, check_vector, pieces_of
from .store import VectorStore

MOST_COLLECTIONS: Final = 1000
"""Of all owners. Qdrant keeps files and memory for each."""

MOST_OF_AN_OWNER: Final = 100
MOST_HITS: Final = 1000
_THRESHOLD: Final = 0.7
"""Of Cosine, where 1 is the same direction. A request without a threshold of its own has this one."""

_AT_ONCE: Final = 8


class Vectors:
    """``condition`` tells whether Qdrant works. Every call raises what ``VectorStore`` says."""

    def __init__(self, store: VectorStore) -> None:
        self.condition = Condition("Qdrant", "Requests for vectors are refused.")
        self._store = store

    async def create(self, collection: Collection) -> Collection:
        """Raises ``Conflict`` for a name that is taken, and when there are too many."""
        async with self._watched():
            places = await self._store.places()
            of_owner = [place for place in places if place.owner == collection.place.owner]
            if len(places) >= MOST_COLLECTIONS or len(of_owner) >= MOST_OF_AN_OWNER:
                raise Conflict(
                    f"There are {len(of_owner)} collections of this key and {len(places)} in all; {MOST_OF_AN_OWNER} "
                    f"of a key and {MOST_COLLECTIONS} in all are the limit. Delete one first."
                )
            await self._store.create(collection)
            return collection

    async def collections(self, owner: str | None) -> list[Collection]:
        """Those of an owner, or all, by owner and name."""
        async with self._watched():
            places = [place for place in await self._store.places() if owner is None or place.owner == owner]
            places.sort(key=lambda place: (place.owner, place.name))
            found: list[Collection] = []
            for first in range(0, len(places), _AT_ONCE):
                records = await asyncio.gather(*map(self._if_there, places[first : first + _AT_ONCE]))
                found += [record for record in records if record is not None]
            return found

    async def collection(self, place: Place) -> Collection:
        async with self._watched():
            return await self._store.collection(place)

    async def drop(self, place: Place) -> None:
        async with self._watched():
            await self._store.drop(place)

    async def upsert(self, place: Place, points: Sequence[Point], names: Sequence[str]) -> None:
        """``names`` are the paths of the vectors in the request. Raises ``InvalidRequest`` before anything is written,
        and ``PartlyWritten``.
        """
        async with self._watched():
            collection = await self._store.collection(place)
            for point, name in zip(points, names, strict=True):
                check_vector(point.vector, collection, name)
            written = 0
            for piece in pieces_of(points, self._store.piece):
                try:
                    await self._store.upsert(place, piece)
                except TurnoutError as error:
                    if not written and error.status < 500:
                        raise
                    raise PartlyWritten(written, len(points), error) from error
                written += len(piece)

    async def remove(self, place: Place, selection: Selection) -> int:
        async with self._watched():
            return await self._store.remove(place, selection)

    async def search(
        self, place: Place, query: Query, name: str, threshold: float | UnsetType | None = UNSET
    ) -> tuple[Sequence[Hit], float | None]:
        """The hits, and the threshold that held: by default 0.7 for Cosine, and none for the other distances. ``name``
        is the path of the vector in the request.
        """
        async with self._watched():
            collection = await self._store.collection(place)
            check_vector(query.vector, collection, name)
            if isinstance(threshold, UnsetType):
                threshold = _THRESHOLD if collection.distance == "Cosine" else None
            return await self._store.search(place, structs.replace(query, score_threshold=threshold)), threshold

    async def close(self) -> None:
        await self._store.close()

    async def _if_there(self, place: Place) -> Collection | None:
        """None for one that was deleted a moment ago."""
        try:
            return await self._store.collection(place)
        except TurnoutError as error:
            if error.status == NotFound.status:
                return None
            raise

    @asynccontextmanager
    async def _watched(self) -> AsyncIterator[None]:
        """Keeps the condition. An error from the control process has only the code of its class."""
        try:
            yield
        except TurnoutError as error:
            reason = error.__cause__ if isinstance(error, PartlyWritten) else error
            if isinstance(reason, TurnoutError) and reason.code == VectorsUnavailable.code:
                self.condition.broke(reason)
            elif error.status < 500:  # a refusal is an answer
                self.condition.works()
            raise
        self.condition.works()
