"""What one process has of a limit or a budget, in memory. The store knows of all of it. Time is handed in."""

from __future__ import annotations

from collections import deque
from typing import Final

from turnout.core import CountedLimit, LimitUnit

from .gauges import Gauge
from .holds import UNTOLD
from .periods import BudgetPeriod
from .store import Counter, Level
from .windows import SECOND, Window, lease_length

_USABLE: Final = 0.9
"""The part of a lease's length in which it is spent. The rest is for clocks that don't run at the same speed."""

_FIRST_AHEAD: Final = 4  # times the first need
_LONGEST_REFUSAL: Final = {"requests": 1.0, "tokens": 0.05, "usd": 0.05}
"""Seconds for which a refusal is remembered at most. Room can come back sooner than the store said."""

_IDLE: Final = 1.0
"""Seconds after which money that was drawn ahead and not used is given back."""

_FORGET: Final = 60.0
"""Seconds after which what isn't used is dropped from memory. A budget's settled sum is read anew after that."""

_RENEW: Final = 60.0
"""Seconds between two times that the store is told what is held. It forgets an owner after fifteen minutes."""


class Appetite:
    """How many units to draw ahead: twice as many when they are used up, half of them when half came back."""

    __slots__ = ("units",)

    def __init__(self) -> None:
        self.units = 0

    def hungry(self, needed: int, most: int) -> None:
        self.units = min(self.units * 2 or needed * _FIRST_AHEAD, most)

    def full(self, left: int) -> None:
        if left * 2 >= self.units:
            self.units //= 2


class LimitLease:
    """A process's part of a limit: units that it has drawn ahead, until the end of the lease."""

    __slots__ = (
        "_ahead",
        "_appetite",
        "_bucket",
        "_early",
        "_refused",
        "_until",
        "back",
        "debt",
        "gauge",
        "left",
        "limit",
        "local",
        "taken",
        "used_at",
    )

    def __init__(self, gauge: Gauge, now: float) -> None:
        self.follow(gauge)
        self.left = self.taken = 0
        self._bucket = 0
        self._until = 0.0
        self._appetite = Appetite()
        self._ahead = self._early = False
        self._refused = (0, 0.0, 0.0)  # units, until when here, until when by the store
        self.back: list[tuple[int, int]] = []
        self.debt = 0
        self.local: Window | None = None
        self.used_at = now

    @property
    def id(self) -> str:
        return self.gauge.id

    def follow(self, gauge: Gauge) -> None:
        """The same limit as the configuration has it now."""
        self.gauge = gauge
        unit: LimitUnit = "tokens" if gauge.unit == "tokens" else "requests"
        self.limit = CountedLimit(gauge.id, unit, gauge.most, gauge.seconds)

    def take(self, units: int, now: float) -> int:
        """The bucket that ``units`` were taken from; 0: the lease has too few."""
        self.used_at = now
        if units > self.left or now >= self._until:
            return 0
        self.left -= units
        return self._bucket

    def runs_low(self) -> bool:
        """After a draw: whether the next lease should be drawn now, so that it is here when it is needed."""
        self._early = self._ahead and self.left * 4 < self._appetite.units
        return self._early

    def give_back(self, bucket: int, units: int) -> None:
        """To the lease that they were taken from, while it lasts, else to the store."""
        if units <= 0 or not bucket:
            return
        if bucket == self._bucket:
            self.left += units
        else:
            self._return(bucket, units)

    def _return(self, bucket: int, units: int) -> None:
        back = self.back
        if back and back[-1][0] == bucket:
            back[-1] = bucket, back[-1][1] + units
        else:
            back.append((bucket, units))

    def refused_for(self, units: int, now: float) -> float | None:
        """Seconds until there is room, if the store refused as much a moment ago. It may not have to be asked again."""
        refused, until, room_at = self._refused
        return room_at - now if units >= refused and now < until else None

    def refuse(self, units: int, wait: float, now: float) -> None:
        self._refused = (units, now + min(wait, _LONGEST_REFUSAL[self.gauge.unit]), now + wait)

    def counter(self, needed: int, now: float) -> Counter:
        """What to ask. ``back`` and ``debt`` are told with it."""
        if self._early or self.left < needed:
            self._appetite.hungry(needed, self.gauge.most)
        if needed:
            self._end()  # what is left is too little, and may be needed by this very request
        back, self.back = self.back, []
        debt, self.debt = self.debt, 0
        wanted = self._appetite.units if needed or self._early else 0
        self._early = False
        return Counter(self.id, self.gauge.most, self.gauge.seconds, ahead=wanted, debt=debt, back=back)

    def learn(self, counter: Counter, level: Level, asked_at: float) -> None:
        self.taken = level.taken
        self._ahead = level.extra > 0
        if level.extra:
            self._end()
            self.left, self._bucket = level.extra, level.ahead_bucket
            self._until = asked_at + lease_length(self.gauge.seconds) / SECOND * _USABLE

    def unanswered(self, counter: Counter) -> None:
        """The store may have taken back what was given back. A debt is told again: rather twice than never."""
        self.debt += counter.debt

    def take_locally(self, units: int, now: float) -> float | None:
        """The store is dead, and limits are open: this process counts for itself. Seconds to wait; None: never."""
        if self.local is None:
            self.local = Window.of(self.gauge.seconds)
        self.local.move_to(int(now * SECOND))
        wait = self.local.wait(units, self.gauge.most)
        if wait == 0:
            self.local.enter(self.local.bucket(), units)
        return None if wait is None else wait / SECOND

    def sweep(self, now: float) -> bool:
        """Ends a lease whose time is over. Whether the store must be told something."""
        if self.left and now >= self._until:
            self._appetite.full(self.left)
            self._end()
        return bool(self.back or self.debt)

    def is_at_rest(self) -> bool:
        """Whether nothing changes by itself."""
        return not (self.left or self.back or self.debt)

    def is_idle(self, now: float) -> bool:
        """Whether it can be dropped. What was counted locally is kept for its window."""
        kept = _FORGET if self.local is None else max(_FORGET, self.gauge.seconds)
        return self.is_at_rest() and now - self.used_at > kept

    def looked_at(self) -> Counter:
        """A counter that changes nothing."""
        return Counter(self.id, self.gauge.most, self.gauge.seconds)

    def end(self) -> bool:
        """The process ends. Whether the store must be told something."""
        self._appetite.units = 0
        self._end()
        return bool(self.back or self.debt)

    def store_lives(self) -> None:
        """Local counts end when the store answers again."""
        self.local = None

    def _end(self) -> None:
        if self.left:
            self._return(self._bucket, self.left)
        self.left = self._bucket = 0


class BudgetHold:
    """A process's part of a budget, in picodollars.

    ``held`` is what the store knows of: reserved for requests under way, spent and not yet settled, and drawn ahead.
    ``settled`` is the ledger's sum; None until it is known. ``resets`` is the period's end, a Unix time.
    """

    __slots__ = (
        "_appetite",
        "_batches",
        "_early",
        "_refused",
        "_told_at",
        "changed",
        "gauge",
        "held",
        "id",
        "period",
        "reserved",
        "resets",
        "revision",
        "settled",
        "spent",
        "taken",
        "used_at",
    )

    def __init__(self, gauge: Gauge, period: BudgetPeriod, resets: float | None, now: float) -> None:
        self.gauge, self.id, self.period, self.resets = gauge, period.name, period, resets
        self.held = self.reserved = self.spent = self.taken = self.revision = 0
        self.settled: int | None = None
        self._batches: deque[list[int]] = deque()  # number of the ledger's batch, picodollars
        self._appetite = Appetite()
        self._refused = (0, 0.0)
        self._told_at = self.used_at = now
        self.changed = self._early = False

    @property
    def used(self) -> int:
        return self.reserved + self.spent

    def take(self, units: int, now: float) -> bool:
        self.used_at = now
        if self.settled is None or self.used + units > self.held:
            return False
        self.reserved += units
        return True

    def runs_low(self) -> bool:
        """After a draw: whether more should be drawn ahead now."""
        self._early = (self.held - self.used) * 4 < self._appetite.units
        return self._early

    def release(self, units: int) -> None:
        """Reserved, and not needed any more."""
        self.reserved -= units

    def spend(self, reserved: int, cost: int, batch: int) -> None:
        """Turns ``reserved`` into a cost, which can be higher or lower. It counts until the batch is settled."""
        self.reserved -= reserved
        self.spent += cost
        if self._batches and self._batches[-1][0] == batch:
            self._batches[-1][1] += cost
        else:
            self._batches.append([batch, cost])
        self._cover()

    def is_settled_by(self, batch: int) -> bool:
        return bool(self._batches) and self._batches[0][0] <= batch

    def settle(self, batch: int, settled: int, revision: int) -> None:
        """The ledger's sum includes what was spent up to ``batch``."""
        done = 0
        while self.is_settled_by(batch):
            done += self._batches.popleft()[1]
        self.spent -= done
        self.held = max(self.held - done, self.used)
        self.know(settled, revision)
        self.changed = True

    def reserve_unasked(self, units: int) -> None:
        """The store is dead, and budgets are open: what is reserved is told later."""
        self.reserved += units
        self._cover()

    def tell_again(self) -> None:
        """The store has lost its memory. What others settled meanwhile is read from the ledger before the next use."""
        self.settled, self.changed = None, True

    def looked_at(self) -> Counter:
        """A counter that changes nothing."""
        settled = UNTOLD if self.settled is None else self.settled
        return Counter(self.id, self.gauge.most, 0, 0, settled, self.revision)

    def end(self) -> bool:
        """The process ends. Whether the store must be told something."""
        self._appetite.units = 0
        told = self.held != self.used or self.changed
        self.held = self.used
        return told

    def know(self, settled: int, revision: int) -> None:
        self.settled, self.revision = settled, revision

    def refused_for(self, units: int, now: float) -> bool:
        refused, until = self._refused
        return units >= refused and now < until

    def refuse(self, units: int, now: float) -> None:
        self._refused = (units, now + _LONGEST_REFUSAL["usd"])

    def counter(self, needed: int, now: float) -> Counter:
        if self._early or self.used + needed > self.held:
            self._appetite.hungry(needed, self.gauge.most)
        if needed:
            self.held = self.used  # what was drawn ahead and is too little may be needed by this very request
        self.changed, self._told_at = False, now
        wanted = self._appetite.units if needed or self._early else 0
        self._early = False
        settled = UNTOLD if self.settled is None else self.settled
        return Counter(self.id, self.gauge.most, 0, self.held, settled, self.revision, wanted)

    def learn(self, counter: Counter, level: Level, asked_at: float) -> None:
        """What was given up here while the question was under way isn't taken back."""
        self.held += level.held - counter.held
        self.taken = level.taken
        if self.settled is not None and counter.revision == self.revision:
            self.settled = max(self.settled, level.settled)

    def unanswered(self, counter: Counter) -> None:
        """The store may count more than this process has. It is told again."""
        self.changed = True

    def sweep(self, now: float) -> bool:
        """Gives up what was drawn ahead and is not used. Whether the store must be told something."""
        if self.held > self.used and now - self.used_at > _IDLE:
            self._appetite.full(self._appetite.units)
            self.held = self.used
            self.changed = True
        return self.changed or (self.held > 0 and now - self._told_at > _RENEW)

    def is_at_rest(self) -> bool:
        """Whether nothing changes by itself."""
        return not (self.held or self.used or self.changed)

    def is_idle(self, now: float) -> bool:
        return self.is_at_rest() and now - self.used_at > _FORGET

    def _cover(self) -> None:
        """What was used beyond the estimate is held, too, whether there is room or not."""
        if self.used > self.held:
            self.held, self.changed = self.used, True
