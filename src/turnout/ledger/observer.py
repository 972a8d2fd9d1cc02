"""Who is told what is settled: the count of budgets, which holds what is spent until the sums have it."""

from __future__ import annotations

from typing import Protocol

from turnout.errors import AllowanceStoreDown, StorageUnavailable
from turnout.telemetry import Condition


class SettlementObserver(Protocol):
    """``settled`` and ``release`` raise ``AllowanceStoreDown``."""

    def begin_batch(self) -> int:
        """Called before the settler reads what is written by now. What is written later is of the next batch."""
        ...

    async def settled(self, batch: int) -> None:
        """All that was written up to the batch is in the database. A later call makes up for one that failed."""
        ...

    async def release(self, owner: str) -> None:
        """All that a dead process has written is in the database."""
        ...


class Told:
    """Tells the observer, if there is one. A failure stops nothing, and the next round tells it again.

    ``is_behind``: the observer doesn't know yet of all that is settled.
    """

    def __init__(self, observer: SettlementObserver | None) -> None:
        self.condition = Condition(
            "The count of budgets", "What was spent counts; what dead processes had set aside does, too."
        )
        self.is_behind = False
        self._observer = observer

    def begin_batch(self) -> int:
        if self._observer is None:
            return 0
        self.is_behind = True
        return self._observer.begin_batch()

    async def settled(self, batch: int) -> None:
        """The next batch includes this one."""
        if self._observer is None:
            return
        try:
            await self._observer.settled(batch)
        except AllowanceStoreDown as error:
            self.condition.broke(StorageUnavailable(error.why))
        else:
            self.is_behind = False
            self.condition.works()

    async def release(self, owner: str) -> bool:
        """Whether the observer knows it now."""
        if self._observer is None:
            return True
        try:
            await self._observer.release(owner)
        except AllowanceStoreDown as error:
            self.condition.broke(StorageUnavailable(error.why))
            return False
        return True
