"""What this process has of limits and budgets, found by their gauges. Bounded: what is idle is dropped."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final, TypeAlias

from turnout.core import Period

from .gauges import Gauge
from .leases import BudgetHold, LimitLease
from .periods import BudgetPeriod, Times, times_of

Part: TypeAlias = LimitLease | BudgetHold

_LOOKED_AT: Final = 32
"""Parts that one sweep looks at to drop idle ones, beside those that are in use."""


class Counting:
    """``busy`` are the parts that a sweep has to look at. ``wall`` gives Unix time, by which budgets are of a day."""

    def __init__(self, wall: Callable[[], float]) -> None:
        self.busy: dict[str, Part] = {}
        self._wall = wall
        self._leases: dict[str, LimitLease] = {}
        self._holds: dict[str, BudgetHold] = {}
        self._current: dict[str, BudgetHold] = {}  # those of this period, by gauge
        self._turn: deque[Part] = deque()
        self._times: dict[Period, Times] = {}

    def __len__(self) -> int:
        return len(self._turn)

    def lease(self, gauge: Gauge, now: float) -> LimitLease:
        lease = self._leases.get(gauge.id)
        if lease is None:
            lease = self._leases[gauge.id] = LimitLease(gauge, now)
            self._turn.append(lease)
        if lease.gauge is not gauge:
            lease.follow(gauge)
        return lease

    def hold(self, gauge: Gauge, now: float) -> BudgetHold:
        known = self._current.get(gauge.id)
        if known is not None and (known.resets is None or self._wall() < known.resets):
            known.gauge = gauge
            return known
        times = self._times_of(gauge.period or "total")
        name = f"{gauge.id}@{times.begin}"
        hold = self._holds.get(name)
        if hold is None:
            hold = self._holds[name] = BudgetHold(gauge, BudgetPeriod(gauge.id, times.begin), times.end, now)
            self._turn.append(hold)
        hold.gauge = gauge
        self._current[gauge.id] = hold
        return hold

    def leases(self) -> list[LimitLease]:
        return list(self._leases.values())

    def holds(self) -> list[BudgetHold]:
        return list(self._holds.values())

    def end(self) -> list[Part]:
        """The process ends. The parts of which the store must be told something."""
        return [part for part in self._turn if part.end()]

    def sweep(self, now: float) -> list[Part]:
        """The parts of which the store must be told something. Drops some that are idle."""
        told = []
        for part in tuple(self.busy.values()):
            if part.sweep(now):
                told.append(part)
            elif part.is_at_rest():
                del self.busy[part.id]
        for _ in range(min(len(self._turn), _LOOKED_AT)):
            part = self._turn.popleft()
            if part.id not in self.busy and part.is_idle(now):
                self._drop(part)
            else:
                self._turn.append(part)
        return told

    def _drop(self, part: Part) -> None:
        if isinstance(part, LimitLease):
            del self._leases[part.id]
            return
        del self._holds[part.id]
        if self._current.get(part.gauge.id) is part:
            del self._current[part.gauge.id]

    def _times_of(self, period: Period) -> Times:
        now = self._wall()
        times = self._times.get(period)
        if times is None or not times.begin <= now or (times.end is not None and now >= times.end):
            times = self._times[period] = times_of(period, now)
        return times
