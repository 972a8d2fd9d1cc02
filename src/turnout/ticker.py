"""One timer for all requests, in place of a timer for each.

A timer for each request would be set and then cancelled nearly always. Here a request costs a place in a set, and each
tick checks the whole set. The ticker stops while the set is empty.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

INTERVAL = 0.1  # seconds; a timeout is noticed at most this late


class Watched(Protocol):
    def tick(self, now: float) -> None:
        """``now`` is the event loop's time. It may remove itself, or another, from the ticker."""
        ...


class Ticker:
    """Belongs to the event loop that runs when it is created."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.time = self._loop.time
        self._watched: set[Watched] = set()
        self.ticking = False

    def current_task(self) -> asyncio.Task[object] | None:
        """Passes the loop, as finding the running loop costs asyncio a system call for the process's id."""
        return asyncio.current_task(self._loop)

    def add(self, watched: Watched) -> None:
        self._watched.add(watched)
        if not self.ticking:
            self.ticking = True
            self._loop.call_later(INTERVAL, self._tick)

    def discard(self, watched: Watched) -> None:
        self._watched.discard(watched)

    def _tick(self) -> None:
        now = self._loop.time()
        for watched in tuple(self._watched):
            watched.tick(now)
        if self._watched:
            self._loop.call_later(INTERVAL, self._tick)
        else:
            self.ticking = False
