"""Several processes, their store and its faults in simulated time, and the truth about what was let through."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from turnout.errors import AllowanceError
from turnout.guard.allowances import Allowances, Settled, StoreDown
from turnout.guard.gauges import Gauge
from turnout.guard.periods import BudgetPeriod
from turnout.guard.reservation import Reservation
from turnout.guard.store import Answer, MemoryStore, Question, UnusableStore

Fault = Literal["", "lost", "lost answer", "late", "defect"]

CLOSED = StoreDown("closed", "closed")
NOON = 1_796_126_400  # of a first day of a month


async def migrated() -> None:
    """The tables are there."""


class Clock:
    """Seconds."""

    def __init__(self) -> None:
        self.now = 1000.0


class FaultyStore:
    """Loses questions or answers, or does what it was asked much later."""

    deadline = 5.0
    patience = 0.0

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.fault: Fault = ""
        self.late: list[Question] = []
        self.asked = 0
        self.answers_wait: asyncio.Event | None = None
        self.forget()

    def forget(self) -> None:
        """It is started again, with no memory."""
        self.inner = MemoryStore(lambda: int(self._clock.now * 1e9))

    async def ask(self, question: Question) -> Answer:
        self.asked += 1
        if self.fault == "defect":
            raise RuntimeError("a defect")
        if self.fault == "late":
            self.late.append(question)
        answer = self.inner.ask_now(question) if self.fault in ("", "lost answer") else None
        if self.fault or answer is None:
            raise UnusableStore(self.fault)
        if self.answers_wait is not None:
            await self.answers_wait.wait()
        return answer

    def do_what_is_late(self) -> None:
        for question in self.late:
            self.inner.ask_now(question)
        self.late.clear()

    async def held_by(self, owner: str) -> list[str]:
        return await self.inner.held_by(owner)

    async def close(self) -> None:
        """Nothing is open."""


class Ledger:
    """What is settled, by the gauge's id."""

    def __init__(self) -> None:
        self.sums: dict[str, int] = {}

    async def read(self, periods: Sequence[BudgetPeriod]) -> list[Settled]:
        return [Settled(self.sums.get(period.gauge, 0)) for period in periods]

    def add(self, gauge: str, cost: int) -> None:
        self.sums[gauge] = self.sums.get(gauge, 0) + cost


@dataclass
class Admitted:
    """A request that was let through, and the units of each gauge that it may still spend, or has spent."""

    reservation: Reservation
    at: float
    needs: list[tuple[Gauge, int]]
    units: dict[str, int] = field(default_factory=dict)
    is_open: bool = True


class Process:
    """``offset`` is how far its clocks are from the others', in seconds."""

    def __init__(self, name: str, store: FaultyStore, ledger: Ledger, clock: Clock, offset: float) -> None:
        self.name = name
        self.ledger = ledger
        self.admitted: list[Admitted] = []
        self.unsettled: list[tuple[int, str, int]] = []
        self._clock = clock
        self.allowances = Allowances(
            store,
            name,
            ledger.read,
            CLOSED,
            clock=lambda: clock.now + offset,
            wall=lambda: NOON + offset + clock.now,
        )

    async def take(self, needs: list[tuple[Gauge, int]]) -> Admitted | None:
        try:
            taken = self.allowances.take(needs)
            reservation = taken if isinstance(taken, Reservation) else await taken
        except AllowanceError:
            return None
        units = {gauge.id: units for gauge, units in needs}
        admitted = Admitted(reservation, self._clock.now, needs, units)
        self.admitted.append(admitted)
        return admitted

    def end(self, admitted: Admitted, share: float) -> None:
        """The request ends, and has spent that share of its estimates."""
        if not admitted.is_open:
            return
        admitted.is_open = False
        tokens = 0
        cost = int(min([units for gauge, units in admitted.needs if gauge.unit == "usd"], default=0) * share)
        for gauge, units in admitted.needs:
            if gauge.unit == "tokens":
                tokens = admitted.units[gauge.id] = int(units * share)
        admitted.reservation.spend(cost, tokens)
        for gauge, _ in admitted.needs:
            if gauge.unit == "usd":
                admitted.units[gauge.id] = 0
                self.unsettled.append((self.allowances.batch, gauge.id, cost))
        admitted.reservation.close()

    async def settle(self) -> None:
        """The ledger takes what is in the journal, then the store is told."""
        batch = self.allowances.begin_batch()
        self.commit()
        await self.allowances.settled(batch)

    def commit(self) -> None:
        for _, gauge, cost in self.unsettled:
            self.ledger.add(gauge, cost)
        self.unsettled.clear()

    def outstanding(self, gauge: str) -> int:
        """Picodollars that its requests may still cost, or have cost and are not settled."""
        under_way = sum(each.units.get(gauge, 0) for each in self.admitted if each.is_open)
        return under_way + sum(cost for _, name, cost in self.unsettled if name == gauge)


async def quiet() -> None:
    """Lets the tasks beside the way run until nothing happens any more."""
    for _ in range(30):
        await asyncio.sleep(0)


def most_in_any_window(spent: Sequence[tuple[float, int]], seconds: int) -> int:
    """Times and units → the most units in any window, whose end belongs to it and whose beginning doesn't."""
    return max((sum(u for at, u in spent if end - seconds < at <= end) for end, _ in spent), default=0)
