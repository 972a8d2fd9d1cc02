"""A limit's sliding window: how many units count now, and when there is room again. Pure: time is handed in."""

from __future__ import annotations

from typing import Final

import msgspec

PARTS: Final = 1000
"""A window is counted in so many buckets. A unit counts for up to one bucket too long, never too short."""

SECOND: Final = 1_000_000
"""Times are whole microseconds of the store's clock."""

_LONGEST_LEASE: Final = SECOND
_LEASES_IN_A_WINDOW: Final = 20


def lease_length(seconds: int) -> int:
    """Microseconds for which a process may spend what it has drawn ahead, of a limit per ``seconds``."""
    return min(_LONGEST_LEASE, seconds * SECOND // _LEASES_IN_A_WINDOW)


class Window(msgspec.Struct, array_like=True):
    """Units by bucket. Bucket ``n`` ends at ``n * width``. A unit counts until its bucket's end plus ``PARTS`` buckets.

    A lease's units are in the bucket in which the lease ENDS. So they count long enough, whenever they are spent.
    """

    width: int
    entries: dict[int, int] = {}  # msgspec copies it for each object
    total: int = 0
    first: int = 0
    """No entry is in an earlier bucket."""
    newest: int = 0
    """The latest time that was handed in. A clock that is set back doesn't go back here."""

    @classmethod
    def of(cls, seconds: int) -> Window:
        return cls(seconds * SECOND // PARTS)

    def move_to(self, now: int) -> None:
        """Forgets what no longer counts."""
        self.newest = max(self.newest, now)
        first = self.newest // self.width - PARTS + 1
        if not self.entries:
            self.first = first
        while self.first < first:
            self.total -= self.entries.pop(self.first, 0)
            self.first = self.first + 1 if self.entries else first

    def bucket(self, ahead: int = 0) -> int:
        """The bucket of a unit that is spent within the next ``ahead`` microseconds."""
        return (self.newest + ahead) // self.width + 1

    def enter(self, bucket: int, units: int) -> None:
        self.entries[bucket] = self.entries.get(bucket, 0) + units
        self.total += units

    def take_back(self, bucket: int, units: int) -> None:
        """Units that were entered and not spent. Nothing happens if they count no more."""
        entered = self.entries.get(bucket, 0)
        gone = min(entered, units)
        self.total -= gone
        if gone and gone == entered:
            del self.entries[bucket]
        elif gone:
            self.entries[bucket] = entered - gone

    def wait(self, units: int, most: int) -> int | None:
        """Microseconds until there is room for ``units``, 0: now. None: there never is, they are more than ``most``."""
        excess = self.total + units - most
        if excess <= 0:
            return 0
        if units > most:
            return None
        for bucket in sorted(self.entries):
            excess -= self.entries[bucket]
            if excess <= 0:
                return max(1, (bucket + PARTS) * self.width - self.newest)
        raise AssertionError("the entries are fewer than their total")
