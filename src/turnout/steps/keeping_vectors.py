"""The same for vectors: each input of a batch is kept by itself, and only those that are missing are asked for."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Final

from msgspec import structs

from turnout.cache import Entry
from turnout.core import (
    CacheStatus,
    EmbeddingRequest,
    Embeddings,
    Product,
    Relayed,
    Request,
    StreamEvent,
    Usage,
    UsageSoFar,
)
from turnout.engine import CollectedReply, KeptAnswer
from turnout.errors import TurnoutError

from .keeping import MOST_BYTES, Keeper

_DOUBLES: Final = "d"
_MOST_VECTORS_AT_ONCE: Final = 64
"""More are written in a thread."""


class VectorKeeping:
    """``keys`` and ``found`` are in the order of the inputs."""

    most_bytes = MOST_BYTES

    def __init__(
        self, keeper: Keeper, request: EmbeddingRequest, keys: Sequence[bytes], found: Sequence[Entry | None]
    ) -> None:
        self._keeper = keeper
        self._keys = keys
        self._found = found
        self._missing = [place for place, entry in enumerate(found) if entry is None]
        kept = [entry for entry in found if entry is not None]
        self._tokens = sum([entry.tokens for entry in kept])
        self.saved: int | None = _total([entry.cost for entry in kept]) if kept else None
        self.status: CacheStatus = "MISS" if self._missing else "HIT"
        self.age: int | None = max([keeper.age(entry.made) for entry in kept], default=None)
        self._asked = request if len(self._missing) in (0, len(keys)) else _only(request, self._missing)

    async def find(self, patience: float) -> KeptAnswer | None:
        if self._missing:
            self._keeper.metrics.cache("miss", self.saved or 0)
            self.age = None
            return None
        self._keeper.metrics.cache("hit", self.saved or 0)
        entries = [entry for entry in self._found if entry is not None]
        first = entries[0]
        usage = Usage(input=self._tokens)
        vectors = tuple([tuple(array(_DOUBLES, entry.vector)) for entry in entries])
        return KeptAnswer(
            deployment=first.deployment,
            provider=first.provider,
            upstream_model=first.upstream_model,
            events=[Product(Embeddings(vectors=vectors, model=first.model, usage=usage)), UsageSoFar(usage)],
            usage=usage,
            saved=self.saved,
        )

    def asked(self, request: Request) -> Request:
        return self._asked

    def keep(self, reply: CollectedReply, events: Sequence[StreamEvent]) -> None:
        self._keeper.cache.keep(self._keep(reply, events))

    def leave(self, *, alone: bool = False) -> None:
        """Nobody waits for it."""

    def joined(self, events: list[StreamEvent]) -> list[StreamEvent]:
        """Vectors that were kept go between those that were asked for."""
        made = _made(events)
        if made is None or len(self._missing) == len(self._keys) or len(made.vectors) != len(self._missing):
            return events
        asked = iter(made.vectors)
        vectors = [next(asked) if entry is None else tuple(array(_DOUBLES, entry.vector)) for entry in self._found]
        usage = None if made.usage is None else structs.replace(made.usage, input=made.usage.input + self._tokens)
        joined = structs.replace(made, vectors=tuple(vectors), usage=usage)
        return [Product(joined) if isinstance(event, Product) else event for event in events]

    async def _keep(self, reply: CollectedReply, events: Sequence[StreamEvent]) -> None:
        is_large = len(self._missing) > _MOST_VECTORS_AT_ONCE
        try:
            entries = await self._keeper.worker_threads.run_if(is_large, self._entries, reply, events)
        except TurnoutError:
            return  # it is relayed, and only its client can read it
        for entry in entries:
            if not self._keeper.is_outdated:
                await self._keeper.cache.put(entry, self._keeper.labels)

    def _entries(self, reply: CollectedReply, events: Sequence[StreamEvent]) -> list[Entry]:
        frames = b"".join([event.data for event in events if isinstance(event, Relayed)])
        made = _made(reply.decoded_again(frames) if frames else events)
        if made is None or len(made.vectors) != len(self._missing):
            return []
        weights = [_weight(self._inputs[place]) for place in self._missing]
        usage = reply.usage
        tokens = shares(0 if usage is None else usage.input, weights)
        cost = reply.cost
        costs: Sequence[int | None] = [None] * len(weights) if cost is None else shares(cost, weights)
        deployment, now = reply.deployment, self._keeper.cache.wall()
        return [
            Entry(
                self._keys[place],
                now,
                made.model,
                deployment.id,
                deployment.provider,
                deployment.model,
                vector=array(_DOUBLES, vector).tobytes(),
                tokens=tokens[number],
                cost=costs[number],
            )
            for number, (place, vector) in enumerate(zip(self._missing, made.vectors, strict=True))
        ]

    @property
    def _inputs(self) -> Sequence[str | tuple[int, ...]]:
        request = self._keeper.call.request
        return request.inputs if isinstance(request, EmbeddingRequest) else ()


def shares(total: int, weights: Sequence[int]) -> list[int]:
    """Whole parts of ``total`` by weight, whose sum it is."""
    whole = sum(weights)
    parts, given, weighed = [], 0, 0
    for weight in weights:
        weighed += weight
        until = total * weighed // whole
        parts.append(until - given)
        given = until
    return parts


def _weight(text: str | tuple[int, ...]) -> int:
    return max(len(text), 1)


def _only(request: EmbeddingRequest, places: Sequence[int]) -> EmbeddingRequest:
    """A part of the inputs. It isn't the client's body any more, so it is written anew."""
    return structs.replace(request, inputs=tuple([request.inputs[place] for place in places]), raw=None)


def _made(events: Sequence[StreamEvent]) -> Embeddings | None:
    for event in events:
        if isinstance(event, Product) and isinstance(event.result, Embeddings):
            return event.result
    return None


def _total(costs: Sequence[int | None]) -> int | None:
    known = [cost for cost in costs if cost is not None]
    return sum(known) if known else None
