"""What one request was let through with. It is closed once, whatever becomes of the request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from turnout.core import LimitLevel

from .leases import BudgetHold, LimitLease

UNDRAWN: Final = 0
"""The bucket of units that the store never gave, as it was dead."""


class Bookkeeping(Protocol):
    """Of the process: the number of the ledger's batch that costs go into now, and a call for what changed."""

    batch: int

    def changed(self, part: LimitLease | BudgetHold) -> None: ...


class Reservation:
    """``spend`` for each attempt that ended, then ``close``. An attempt that was outrun may end after that."""

    __slots__ = ("_books", "_budgets", "_is_closed", "_limits", "_tokens")

    def __init__(self, books: Bookkeeping) -> None:
        self._books = books
        self._limits: list[tuple[LimitLease, int, int]] = []
        self._budgets: list[tuple[BudgetHold, int]] = []
        self._tokens = 0
        self._is_closed = False

    def add_limit(self, lease: LimitLease, bucket: int, units: int) -> None:
        self._limits.append((lease, bucket, units))

    def add_budget(self, hold: BudgetHold, units: int) -> None:
        self._budgets.append((hold, units))

    def spend(self, cost: int, tokens: int) -> None:
        """What an attempt cost, in picodollars, and its tokens of input and output.

        It is called when the attempt's end is in the journal, so that the ledger's next batch has it.
        """
        if self._is_closed:
            self._owe(tokens)
        else:
            self._tokens += tokens
        for position, (hold, reserved) in enumerate(self._budgets):
            used = min(reserved, cost)
            self._budgets[position] = hold, reserved - used
            hold.spend(used, cost, self._books.batch)
            if hold.changed:
                self._books.changed(hold)

    def close(self) -> None:
        """Gives back the money and the tokens that were not spent. The request stays counted."""
        if self._is_closed:
            return
        self._is_closed = True
        for position, (hold, reserved) in enumerate(self._budgets):
            hold.release(reserved)
            self._budgets[position] = hold, 0
        for lease, bucket, units in self._limits:
            if lease.gauge.unit == "tokens" and bucket != UNDRAWN and units != self._tokens:
                if units > self._tokens:
                    lease.give_back(bucket, units - self._tokens)
                else:
                    lease.debt += self._tokens - units
                self._books.changed(lease)

    def levels(self) -> Sequence[LimitLevel]:
        """Of the limits that the request needed room in."""
        return [
            LimitLevel(lease.limit, max(lease.limit.most - lease.taken + lease.left, 0)) for lease, _, _ in self._limits
        ]

    def _owe(self, tokens: int) -> None:
        for lease, bucket, _ in self._limits:
            if lease.gauge.unit == "tokens" and bucket != UNDRAWN:
                lease.debt += tokens
                self._books.changed(lease)

    def abandon(self) -> None:
        """The request was not let through after all: everything comes back, the request's own unit, too."""
        self._is_closed = True
        while self._budgets:
            hold, reserved = self._budgets.pop()
            hold.release(reserved)
        while self._limits:
            lease, bucket, units = self._limits.pop()
            if bucket != UNDRAWN:
                lease.give_back(bucket, units)
                self._books.changed(lease)
