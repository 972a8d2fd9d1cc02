"""What a store of limits and budgets does."""

from __future__ import annotations

from typing import Protocol

from .questions import Answer, Question


class UnusableStore(Exception):  # it is a state of the store, which the caller decides about
    """The store can't be reached, or didn't understand. It may have done what it was asked all the same."""


class Store(Protocol):
    """Shared by processes. Its own clock decides, so theirs may differ."""

    deadline: float
    """Seconds that an answer may take while a request waits for it."""

    async def ask(self, question: Question) -> Answer:
        """Raises ``UnusableStore``. The caller may cancel it, and then doesn't know whether anything was done."""
        ...

    async def held_by(self, owner: str) -> list[str]:
        """The ids of the budgets of which the owner holds something. Raises ``UnusableStore``."""
        ...

    async def close(self) -> None: ...
