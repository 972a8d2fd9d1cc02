"""One timer for everything that is watched, in place of a timer for each.

A timer for every request would be set and cancelled again nearly always without having fired. Here, being watched costs
a place in a set, and a tick looks at everybody. Nobody is watched: nothing ticks.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

INTERVAL = 0.1  # seconds; how late a timeout may be noticed


class Watched(Protocol):
    def tick(self, now: float) -> None:
        """``now`` is the loop's time. May take itself, or another, off the ticker."""
        ...


class Ticker:
    """Belongs to the event loop it is made in."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.time = self._loop.time
        self._watched: set[Watched] = set()
        self.ticking = False

    def current_task(self) -> asyncio.Task[object] | None:
        """Told the loop, asyncio needn't look which one is running: that asks the system for the process's id."""
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
