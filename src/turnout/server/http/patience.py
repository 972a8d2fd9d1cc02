"""How long connections may stay in a state that costs the server something and brings it nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

Waiting = TypeVar("Waiting")


class Patience(Generic[Waiting]):
    """Everybody in it has the same ``seconds``, so who came first leaves first, and nothing takes longer for many."""

    def __init__(self, seconds: float, leave: Callable[[Waiting], None]) -> None:
        self.seconds = seconds
        self._leave = leave
        self._deadlines: dict[Waiting, float] = {}  # in the order of their coming

    def __len__(self) -> int:
        return len(self._deadlines)

    def __contains__(self, waiting: Waiting) -> bool:
        return waiting in self._deadlines

    def add(self, waiting: Waiting, now: float) -> None:
        """Who is in it already keeps its deadline."""
        self._deadlines.setdefault(waiting, now + self.seconds)

    def discard(self, waiting: Waiting) -> None:
        self._deadlines.pop(waiting, None)

    def oldest(self) -> Waiting | None:
        return next(iter(self._deadlines), None)

    def expire(self, now: float) -> None:
        """Has those leave whose time is over."""
        while self._deadlines:
            first, deadline = next(iter(self._deadlines.items()))
            if deadline > now:
                return
            del self._deadlines[first]
            self._leave(first)
