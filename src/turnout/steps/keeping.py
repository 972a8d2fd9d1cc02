"""One call's way past the cache: a kept answer, somebody else's answer to the same question, or one to be kept."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from turnout.cache import (
    ALONE,
    Entry,
    ExactCache,
    Flight,
    Labels,
    kept_events,
    read_events,
    read_frames,
    written_events,
    written_frames,
)
from turnout.core import CacheStatus, ChatRequest, Model, Relayed, Request, StreamEvent, Usage, UsageSoFar
from turnout.engine import Call, CollectedReply, KeptAnswer
from turnout.errors import TurnoutError
from turnout.telemetry import Metrics
from turnout.worker_threads import LARGE, WorkerThreads

_VERSION: Final = "anthropic-version"
_log = logging.getLogger(__name__)

MOST_BYTES: Final = 16 * 1024 * 1024
"""Of an answer that is kept."""

_MOST_LEADERS: Final = 3
"""So many that fail or leave does one wait for. Then it asks by itself: who waits for the next one each time may wait
for ever.
"""


class Keeper:
    """What the ways past the cache have in common."""

    def __init__(
        self, cache: ExactCache, metrics: Metrics, worker_threads: WorkerThreads, model: Model, call: Call
    ) -> None:
        self.cache = cache
        self.metrics = metrics
        self.worker_threads = worker_threads
        self.call = call
        self.labels = Labels(model.name, call.key.id, _tags(call))
        self._purged = cache.purged

    def age(self, made: float) -> int:
        return max(0, int(self.cache.wall() - made))

    @property
    def is_outdated(self) -> bool:
        """Whether something was purged since the question was asked. Its answer may be of before."""
        return self._purged != self.cache.purged


class Bypass:
    """Of a call that no cache concerns."""

    status: CacheStatus = "BYPASS"
    age: int | None = None
    saved: int | None = None
    most_bytes = 0

    async def find(self, patience: float) -> KeptAnswer | None:
        return None

    def asked(self, request: Request) -> Request:
        return request

    def keep(self, reply: CollectedReply, events: Sequence[StreamEvent]) -> None:
        """Nothing is kept."""

    def leave(self, *, alone: bool = False) -> None:
        """Nobody waits for it."""

    def joined(self, events: list[StreamEvent]) -> list[StreamEvent]:
        return events


BYPASS: Final = Bypass()


class AnswerKeeping:
    """Of a chat, or of pictures. ``found`` is what is kept."""

    most_bytes = MOST_BYTES
    saved: int | None = None

    def __init__(self, keeper: Keeper, key: bytes, found: Entry | None) -> None:
        self.status: CacheStatus = "MISS" if found is None else "HIT"
        self.age: int | None = None
        self._request = keeper.call.request
        self._keeper = keeper
        self._key = key
        self._found = found
        self._flight: Flight | None = None

    async def find(self, patience: float) -> KeptAnswer | None:
        words = self._keeper.call.cache_words
        entry = self._found
        if entry is None and (words is None or words.look):
            entry = await self._find_in_flight(patience)
        if entry is None:
            self._keeper.metrics.cache("miss")
            return None
        self.status, self.age = "HIT", self._keeper.age(entry.made)
        self._keeper.metrics.cache("hit", entry.cost or 0)
        return _answer(entry, self._request)

    def asked(self, request: Request) -> Request:
        return request

    def keep(self, reply: CollectedReply, events: Sequence[StreamEvent]) -> None:
        flight, self._flight = self._flight, None  # what comes after this can't land it
        self._keeper.cache.keep(self._keep(reply, events, flight))

    def leave(self, *, alone: bool = False) -> None:
        if self._flight is not None:
            self._flight.land(ALONE if alone else None)

    def joined(self, events: list[StreamEvent]) -> list[StreamEvent]:
        return events

    async def _find_in_flight(self, patience: float) -> Entry | None:
        """None: this call asks, and others may wait for it."""
        flights = self._keeper.cache.flights
        for _ in range(_MOST_LEADERS):
            flight = flights.find(self._key)
            if flight is None:
                self._flight = flights.begin(self._key)
                return None
            landed = await flight.wait(patience)
            if landed is ALONE:
                return None
            if isinstance(landed, Entry):
                return landed
        return None

    async def _keep(self, reply: CollectedReply, events: Sequence[StreamEvent], flight: Flight | None) -> None:
        """Beside the request, whose client has its answer by now."""
        entry: Entry | None = None
        try:
            size = sum([len(event.data) for event in events if isinstance(event, Relayed)])
            entry = await self._keeper.worker_threads.run_if(size > LARGE, self._entry, reply, events)
            if entry is not None and not self._keeper.is_outdated:
                await self._keeper.cache.put(entry, self._keeper.labels)
        except TurnoutError as error:
            _log.debug("an answer isn't kept, as it can't be read for other clients: %s", error)
        finally:
            if flight is not None:
                flight.land(ALONE if entry is None or self._keeper.is_outdated else entry)

    def _entry(self, reply: CollectedReply, events: Sequence[StreamEvent]) -> Entry | None:
        """None for an answer that isn't kept. Raises ``TurnoutError`` for one that can't be read."""
        kept = kept_events(events)
        frames = b"".join([event.data for event in events if isinstance(event, Relayed)])
        if kept is not None and frames:
            kept = kept_events(reply.decoded_again(frames))
        if kept is None:
            return None
        deployment = reply.deployment
        return Entry(
            self._key,
            self._keeper.cache.wall(),
            reply.plan.model,
            deployment.id,
            deployment.provider,
            deployment.model,
            written_events(kept),
            _form(self._request),
            written_frames(events),
            cost=reply.cost,
            dropped=tuple(reply.dropped()),
        )


def _answer(entry: Entry, request: Request) -> KeptAnswer:
    is_alike = bool(entry.relayed) and entry.form == _form(request)
    events = read_frames(entry.relayed) if is_alike else read_events(entry.events)
    return KeptAnswer(
        deployment=entry.deployment,
        provider=entry.provider,
        upstream_model=entry.upstream_model,
        events=events,
        relayed=is_alike,
        usage=_usage_in(events),
        saved=entry.cost,
        dropped=entry.dropped,
    )


def _usage_in(events: Sequence[StreamEvent]) -> Usage | None:
    return next((event.usage for event in reversed(events) if isinstance(event, UsageSoFar)), None)


def _form(request: Request) -> str:
    """Clients that speak alike get the same frames."""
    raw = request.raw
    if raw is None:
        return ""
    usage = isinstance(request, ChatRequest) and request.stream_usage
    return f"{raw.wire} {raw.headers.get(_VERSION, '')} {request.stream} {usage}"


def _tags(call: Call) -> tuple[str, ...]:
    return tuple(sorted({*call.origin.tags, *call.tags, *call.key.tags}))
