"""What a store of limits and budgets does."""

from __future__ import annotations

from typing import Final, Protocol

from .questions import Answer, Question

DEADLINE: Final = 0.1
"""Seconds that a request waits for a store at most. A healthy Redis on a machine whose cores are all busy took more
than 10 ms now and then, and a budget that is ``closed`` must not refuse because of that. A dead store costs this three
times, then the breaker is open and requests don't wait at all.
"""


class UnusableStore(OSError):
    """The store can't be reached, or didn't understand. It may have done what it was asked all the same."""


class Store(Protocol):
    """Shared by processes. Its own clock decides, so theirs may differ."""

    deadline: float
    """Seconds that an answer may take while a request waits for it."""

    patience: float
    """Seconds that a process waits for it at its start."""

    async def ask(self, question: Question) -> Answer:
        """Raises ``UnusableStore``. The caller may cancel it, and then doesn't know whether anything was done."""
        ...

    async def held_by(self, owner: str) -> list[str]:
        """The ids of the budgets of which the owner holds something. Raises ``UnusableStore``."""
        ...

    async def close(self) -> None: ...
