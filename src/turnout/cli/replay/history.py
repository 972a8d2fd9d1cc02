"""What the ledger has of a period: its requests, and how each deployment answered."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import msgspec

from turnout.core import AttemptEnd, AttemptStart, Deployment, EndedAttempt, Usage
from turnout.storage import LazyDatabase

MOST_REQUESTS: Final = 100_000
"""Requests that are replayed at once: they are in memory meanwhile."""


class Recorded(msgspec.Struct, gc=False):
    """A request. ``deployment``, ``provider`` and ``upstream_model`` are those of its first attempt.

    ``began`` and ``ended`` are Unix times in seconds. ``usage`` is that of the attempt that answered, None without one.
    ``cost`` is that of all attempts in picodollars, None if no price was known.
    """

    model: str
    deployment: str
    provider: str
    upstream_model: str
    began: float
    ended: float
    usage: Usage | None = None
    cost: int | None = None


class Pace:
    """How a deployment answered: sums over its answers."""

    def __init__(self) -> None:
        self._answers = 0
        self._first = 0.0
        self._seconds = 0.0
        self._output = 0

    def add(self, end: AttemptEnd) -> None:
        first = 0.0 if end.first_token is None else end.first_token / 1e6
        self._answers += 1
        self._first += first
        self._seconds += end.total / 1e6 - first
        self._output += 0 if end.usage is None else end.usage.output

    def first_token(self) -> float:
        """Seconds, the mean."""
        return self._first / self._answers

    def seconds(self, output: int) -> float:
        """The time for an answer of ``output`` tokens."""
        if not self._output:
            return (self._first + self._seconds) / self._answers
        return self.first_token() + self._seconds / self._output * output


class History:
    """``requests`` in the order in which they began. ``is_cut``: there were more than fit."""

    def __init__(self) -> None:
        self.is_cut = False
        self._requests: dict[str, Recorded] = {}
        self._paces: dict[tuple[str, str], Pace] = {}

    @property
    def requests(self) -> list[Recorded]:
        return list(self._requests.values())

    def pace_of(self, deployment: Deployment) -> Pace | None:
        """By its provider and upstream model: the other configuration may call it otherwise."""
        return self._paces.get((deployment.provider, deployment.model))

    def add(self, attempt: EndedAttempt) -> None:
        start, end = attempt.start, attempt.end
        if end is not None and end.outcome == "ok":
            self._paces.setdefault((start.provider, start.upstream_model), Pace()).add(end)
        recorded = self._requests.get(start.request_id) or self._new(start)
        if recorded is None or end is None:
            return
        recorded.ended = max(recorded.ended, (start.started + end.total) / 1e6)
        if end.cost is not None:
            recorded.cost = (recorded.cost or 0) + end.cost
        if end.outcome == "ok":
            recorded.usage = end.usage

    def _new(self, start: AttemptStart) -> Recorded | None:
        """None for the rest of a request that began before the period, and beyond the bound."""
        if start.number != 1:
            return None
        if len(self._requests) >= MOST_REQUESTS:
            self.is_cut = True
            return None
        began = start.started / 1e6
        recorded = Recorded(start.model, start.deployment, start.provider, start.upstream_model, began, began)
        self._requests[start.request_id] = recorded
        return recorded


async def read_history(data_dir: str, since: float) -> History:
    """Of the ledger in ``data_dir``, or in ``DATABASE_URL``. Raises ``StorageUnavailable``."""
    database = LazyDatabase(Path(data_dir), os.environ.get("DATABASE_URL"))
    history = History()
    try:
        async for page in (await database.attempts()).started_since(int(since * 1e6)):
            for attempt in page:
                history.add(attempt)
    finally:
        await database.close()
    return history
