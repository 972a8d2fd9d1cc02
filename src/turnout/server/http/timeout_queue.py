"""Bounds the time for which a connection or a request may stay in a state that costs the server something."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class TimeoutQueue(Generic[Item]):
    """Items that wait, each for ``seconds`` at most. ``on_timeout`` gets each item whose time is over.

    All items have the same time, so they are in the order of their deadlines, and each operation takes constant time.
    """

    def __init__(self, seconds: float, on_timeout: Callable[[Item], None]) -> None:
        self.seconds = seconds
        self._on_timeout = on_timeout
        self._deadlines: dict[Item, float] = {}  # the oldest first

    def __len__(self) -> int:
        return len(self._deadlines)

    def __contains__(self, item: Item) -> bool:
        return item in self._deadlines

    def add(self, item: Item, now: float) -> None:
        """An item that is in the queue already keeps its deadline."""
        self._deadlines.setdefault(item, now + self.seconds)

    def discard(self, item: Item) -> None:
        self._deadlines.pop(item, None)

    def oldest(self) -> Item | None:
        return next(iter(self._deadlines), None)

    def expire(self, now: float) -> None:
        """Removes the items whose time is over."""
        while self._deadlines:
            oldest, deadline = next(iter(self._deadlines.items()))
            if deadline > now:
                return
            del self._deadlines[oldest]
            self._on_timeout(oldest)
