"""The store on a Qdrant server, behind a deadline and a breaker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, TypeVar

from turnout.errors import VectorsNotInstalled, VectorsUnavailable

from .address import QdrantAddress
from .collections import Collection, Place
from .points import Hit, Point, Query, Selection
from .qdrant_store import QdrantStore

T = TypeVar("T")

_SECONDS: Final = 10
"""Of one question. A server writes a batch of thousands in less."""

_FAILURES: Final = 3
"""In a row. Then nobody asks for ``_PAUSE`` seconds, and one question tries again after that."""

_PAUSE: Final = 1.0


class ServerStore:
    """Connects at the first question. ``clock`` gives seconds that never go back."""

    piece = 2 * 1024 * 1024

    def __init__(
        self, address: QdrantAddress, seconds: float = _SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._address = address
        self._seconds = seconds
        self._clock = clock
        self._opening: asyncio.Task[QdrantStore] | None = None
        self._failures = 0
        self._pause_ends = 0.0

    async def create(self, collection: Collection) -> None:
        await self._do(lambda store: store.create(collection))

    async def places(self) -> list[Place]:
        return await self._do(lambda store: store.places())

    async def collection(self, place: Place) -> Collection:
        return await self._do(lambda store: store.collection(place))

    async def drop(self, place: Place) -> None:
        await self._do(lambda store: store.drop(place))

    async def upsert(self, place: Place, points: Sequence[Point]) -> None:
        await self._do(lambda store: store.upsert(place, points))

    async def remove(self, place: Place, selection: Selection) -> int:
        return await self._do(lambda store: store.remove(place, selection))

    async def search(self, place: Place, query: Query) -> Sequence[Hit]:
        return await self._do(lambda store: store.search(place, query))

    async def close(self) -> None:
        if self._opening is not None and not self._opening.cancelled() and self._opening.exception() is None:
            await self._opening.result().close()

    async def _do(self, work: Callable[[QdrantStore], Coroutine[Any, Any, T]]) -> T:
        if self._failures >= _FAILURES:
            if self._clock() < self._pause_ends:
                raise VectorsUnavailable("Qdrant has not answered for a while. Try again in a moment.")
            self._pause_ends = self._clock() + _PAUSE  # the others wait for what becomes of this question
        try:
            async with asyncio.timeout(self._seconds):
                result = await work(await self._opened())
        except TimeoutError as error:
            self._failed()
            raise VectorsUnavailable(f"Qdrant did not answer within {self._seconds:g} s.") from error
        except VectorsUnavailable:
            self._failed()
            raise
        self._failures = 0
        return result

    def _failed(self) -> None:
        self._failures += 1
        self._pause_ends = self._clock() + _PAUSE

    async def _opened(self) -> QdrantStore:
        if self._opening is None:
            self._opening = asyncio.create_task(asyncio.to_thread(self._new_store))
        return await asyncio.shield(self._opening)

    def _new_store(self) -> QdrantStore:
        """In a thread, as the import takes most of a second."""
        try:
            from qdrant_client import AsyncQdrantClient
        except ImportError as error:
            raise VectorsNotInstalled from error
        client = AsyncQdrantClient(
            url=self._address.url,
            api_key=self._address.api_key,
            timeout=int(self._seconds) + 1,  # ours ends first
            check_compatibility=False,  # it would ask the server at once, and wait
        )
        return QdrantStore(client)
