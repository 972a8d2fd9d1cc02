"""The embedded store as every process asks for it, in the control process or over its socket."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec

from turnout.host import Control, Handlers, Subject

from .collections import Collection, Place
from .embedded import EmbeddedStore
from .points import Hit, Point, Query, Selection, first_that_fit

_DEADLINE_MS: Final = 30_000.0
"""The first question reads all points from disk, which takes some seconds."""


_PIECE: Final = 256 * 1024
"""Bytes of points in one question, and of hits in one answer. More would delay what others ask on the same connection.
"""


class Upsert(msgspec.Struct, frozen=True):
    place: Place
    points: Sequence[Point]


class Remove(msgspec.Struct, frozen=True):
    place: Place
    selection: Selection


class Search(msgspec.Struct, frozen=True):
    """``skip``: the asker has so many of the hits already."""

    place: Place
    query: Query
    skip: int = 0


class Hits(msgspec.Struct, frozen=True):
    """As many as fit. ``more``: there are others."""

    hits: Sequence[Hit]
    more: bool


class Done(msgspec.Struct, frozen=True):
    """``count``: of deleted points."""

    count: int = 0


CREATE: Final = Subject("vectors create", Collection, Done)
PLACES: Final = Subject("vectors places", Done, list[Place])
COLLECTION: Final = Subject("vectors collection", Place, Collection)
DROP: Final = Subject("vectors drop", Place, Done)
UPSERT: Final = Subject("vectors upsert", Upsert, Done)
REMOVE: Final = Subject("vectors remove", Remove, Done)
SEARCH: Final = Subject("vectors search", Search, Hits)


class _Answering:
    def __init__(self, store: EmbeddedStore) -> None:
        self._store = store

    async def create(self, collection: Collection) -> Done:
        await self._store.create(collection)
        return Done()

    async def places(self, _: Done) -> list[Place]:
        return await self._store.places()

    async def drop(self, place: Place) -> Done:
        await self._store.drop(place)
        return Done()

    async def upsert(self, asked: Upsert) -> Done:
        await self._store.upsert(asked.place, asked.points)
        return Done()

    async def remove(self, asked: Remove) -> Done:
        return Done(await self._store.remove(asked.place, asked.selection))

    async def search(self, asked: Search) -> Hits:
        hits = (await self._store.search(asked.place, asked.query))[asked.skip :]
        fitting = first_that_fit(hits, _PIECE)
        return Hits(fitting, len(fitting) < len(hits))


def answer_with(handlers: Handlers, store: EmbeddedStore) -> None:
    """Lets the control process answer."""
    answering = _Answering(store)
    handlers.add(CREATE, answering.create)
    handlers.add(PLACES, answering.places)
    handlers.add(COLLECTION, store.collection)
    handlers.add(DROP, answering.drop)
    handlers.add(UPSERT, answering.upsert)
    handlers.add(REMOVE, answering.remove)
    handlers.add(SEARCH, answering.search)


class ControlStore:
    """``own`` is the store itself in the control process; it is closed with this one."""

    piece = _PIECE

    def __init__(self, control: Control, own: EmbeddedStore | None) -> None:
        self._control = control
        self._own = own
        self._writing = asyncio.Lock()
        """Others ask on the same connection, and what waits on it is bounded (``MOST_UNREAD`` in host)."""

    async def create(self, collection: Collection) -> None:
        await self._control.ask(CREATE, collection, deadline_ms=_DEADLINE_MS)

    async def places(self) -> list[Place]:
        return await self._control.ask(PLACES, Done(), deadline_ms=_DEADLINE_MS)

    async def collection(self, place: Place) -> Collection:
        return await self._control.ask(COLLECTION, place, deadline_ms=_DEADLINE_MS)

    async def drop(self, place: Place) -> None:
        await self._control.ask(DROP, place, deadline_ms=_DEADLINE_MS)

    async def upsert(self, place: Place, points: Sequence[Point]) -> None:
        async with self._writing:
            await self._control.ask(UPSERT, Upsert(place, points), deadline_ms=_DEADLINE_MS)

    async def remove(self, place: Place, selection: Selection) -> int:
        return (await self._control.ask(REMOVE, Remove(place, selection), deadline_ms=_DEADLINE_MS)).count

    async def search(self, place: Place, query: Query) -> Sequence[Hit]:
        """Large payloads come in several answers; each searches anew."""
        hits: list[Hit] = []
        more = True
        while more:
            answer = await self._control.ask(SEARCH, Search(place, query, len(hits)), deadline_ms=_DEADLINE_MS)
            hits += answer.hits
            more = answer.more
        return hits

    async def close(self) -> None:
        if self._own is not None:
            await self._own.close()
