"""A budget's state in the store: what is settled, and what each process holds of the rest. Pure: time is handed in."""

from __future__ import annotations

from typing import Final

import msgspec

from .windows import SECOND

OWNER_LASTS: Final = 15 * 60 * SECOND
"""Microseconds after which an owner that no longer tells anything counts no more."""

UNTOLD: Final = -1
"""A ``settled`` that the asker doesn't know."""


class Held(msgspec.Struct, array_like=True):
    """What one owner holds, in picodollars: reserved, spent and not yet settled, or drawn ahead.

    ``number`` is that of the owner's last question; ``until`` a time of the store's clock.
    """

    held: int
    number: int
    until: int


class Holds(msgspec.Struct, array_like=True):
    """All values are absolute, so a question that is lost or repeated is put right by the next one.

    ``settled`` is the ledger's sum. It only grows, except in a newer ``revision``, as the ledger can be recomputed.
    """

    settled: int = 0
    revision: int = 0
    owners: dict[str, Held] = {}  # msgspec copies it for each object
    touched: int = 0

    def move_to(self, now: int) -> None:
        """Forgets owners that told nothing for too long."""
        self.touched = max(self.touched, now)
        for owner in [owner for owner, held in self.owners.items() if held.until <= self.touched]:
            del self.owners[owner]

    def is_outdated(self, owner: str, number: int, now: int) -> bool:
        """Whether a question comes after a later one of its owner, and would undo it."""
        known = self.owners.get(owner)
        return known is not None and known.number > number and known.until > max(self.touched, now)

    def tell(self, owner: str, number: int, held: int) -> None:
        """The owner has this much, whether there is room or not."""
        self.owners[owner] = Held(held, number, self.touched + OWNER_LASTS)

    def settle(self, settled: int, revision: int) -> None:
        if revision > self.revision:
            self.settled, self.revision = settled, revision
        elif revision == self.revision:
            self.settled = max(self.settled, settled)

    def taken(self) -> int:
        return self.settled + sum([held.held for held in self.owners.values()])
