"""The store that is embedded in the control process: a folder of the data directory, or memory."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Final, TypeVar

from turnout.errors import VectorsFull, VectorsNotInstalled, VectorsUnavailable

from .collections import Collection, Place
from .points import Hit, Point, Query, Selection
from .qdrant_store import QdrantStore

T = TypeVar("T")

MOST_EMBEDDED: Final = 20_000
"""Points of all collections together. Qdrant's client compares a query with every one of them, in Python and numpy, and
itself warns above so many (``LARGE_DATA_THRESHOLD`` in its ``local_collection.py``).
"""


class EmbeddedStore:
    """Reads ``folder`` at the first question; None keeps everything in memory.

    Everything happens in one thread, one question after the other: the client's local mode is no more than a list, and
    blocks. So no search sees half a write.
    """

    def __init__(self, folder: Path | None, most: int = MOST_EMBEDDED) -> None:
        self._folder = folder
        self._most = most
        self._thread = ThreadPoolExecutor(1, "vectors")
        self._store: QdrantStore | None = None
        self._points = 0

    async def create(self, collection: Collection) -> None:
        await self._do(lambda store: store.create(collection))

    async def places(self) -> list[Place]:
        return await self._do(lambda store: store.places())

    async def collection(self, place: Place) -> Collection:
        return await self._do(lambda store: store.collection(place))

    async def drop(self, place: Place) -> None:
        await self._do(lambda store: self._drop(store, place))

    async def upsert(self, place: Place, points: Sequence[Point]) -> None:
        await self._do(lambda store: self._upsert(store, place, points))

    async def remove(self, place: Place, selection: Selection) -> int:
        return await self._do(lambda store: self._remove(store, place, selection))

    async def search(self, place: Place, query: Query) -> Sequence[Hit]:
        return await self._do(lambda store: store.search(place, query))

    async def close(self) -> None:
        """Waits for what is under way. A second call does nothing."""
        store, self._store = self._store, None
        if store is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, _run, store.close())
        self._thread.shutdown()

    async def _drop(self, store: QdrantStore, place: Place) -> None:
        await store.drop(place)
        self._points = await store.count()

    async def _upsert(self, store: QdrantStore, place: Place, points: Sequence[Point]) -> None:
        new = await store.new_among(place, points)
        if self._points + new > self._most:
            raise VectorsFull(
                f"The vectors that are kept inside Turnout have {self._points} points, and {self._most} are the limit "
                "for all collections together. Set QDRANT_URL to use a Qdrant server."
            )
        try:
            await store.upsert(place, points)
        except VectorsUnavailable:
            self._points = await store.count()
            raise
        self._points += new

    async def _remove(self, store: QdrantStore, place: Place, selection: Selection) -> int:
        removed = await store.remove(place, selection)
        self._points -= removed
        return removed

    async def _do(self, work: Callable[[QdrantStore], Coroutine[Any, Any, T]]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._in_thread, work)

    def _in_thread(self, work: Callable[[QdrantStore], Coroutine[Any, Any, T]]) -> T:
        if self._store is None:
            store = self._opened()
            self._points = _run(store.count())
            self._store = store
        return _run(work(self._store))

    def _opened(self) -> QdrantStore:
        try:
            from qdrant_client import AsyncQdrantClient
        except ImportError as error:
            raise VectorsNotInstalled from error
        if self._folder is None:
            return QdrantStore(AsyncQdrantClient(":memory:"))
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            client = AsyncQdrantClient(path=str(self._folder))
        except RuntimeError as error:  # it is locked
            raise VectorsUnavailable("The folder of the vectors is in use by another program, or Turnout.") from error
        except (OSError, ValueError, EOFError, sqlite3.Error, UnpicklingError) as error:
            raise VectorsUnavailable(f"The folder of the vectors can't be opened: {error}.") from error
        return QdrantStore(client)


def _run(work: Coroutine[Any, Any, T]) -> T:
    """The client's local mode waits for nothing, so a loop of its own for each question costs little."""
    return asyncio.run(work)
