"""The contract of a store of vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from .collections import Collection, Place
from .points import Hit, Point, Query, Selection


class VectorStore(Protocol):
    """Every call raises ``NotFound`` for a collection that isn't there, ``InvalidRequest`` for what Qdrant can't take,
    and ``VectorsUnavailable`` or another error of status 503 when the store can't be asked.


    ``piece``: the bytes of points that one ``upsert`` should have at most.
    """

    piece: int

    async def create(self, collection: Collection) -> None:
        """Raises ``Conflict`` if it is there already."""
        ...

    async def places(self) -> list[Place]:
        """All collections of Turnout's, whosever they are."""
        ...

    async def collection(self, place: Place) -> Collection: ...

    async def drop(self, place: Place) -> None: ...

    async def upsert(self, place: Place, points: Sequence[Point]) -> None:
        """Points replace those of the same id. Raises ``VectorsFull``."""
        ...

    async def remove(self, place: Place, selection: Selection) -> int:
        """How many points it deleted."""
        ...

    async def search(self, place: Place, query: Query) -> Sequence[Hit]:
        """The closest points, the closest first."""
        ...

    async def close(self) -> None: ...
