"""Takes what a request needs of its limits and budgets: from memory while there is room, else from the store."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final, Literal, NamedTuple, TypeAlias

from turnout.errors import AllowanceError, AllowanceStoreDown, StorageUnavailable
from turnout.telemetry import Condition

from .alerts import Alert, log_alert, reached
from .asking import LostMemory, Need, Waiting, answered, question_of
from .counting import Counting, Part
from .gauges import Gauge
from .leases import BudgetHold, LimitLease
from .periods import BudgetPeriod, period_of
from .refusals import budget_spent, limit_reached
from .reservation import UNDRAWN, Reservation
from .store import Counter, MemoryStore, Question, Store
from .store.guarded import GuardedStore

_SWEEP: Final = 0.1
_PING_EVERY: Final = 10  # sweeps
_MOST_WAITING: Final = 64
"""Requests that one question is for. It has some counters for each."""

_READ_SECONDS: Final = 1.0
_OPEN_SECONDS: Final = 10.0
"""In which a database is opened, and brought up to date, while other processes of the service start, too."""

_LAST_NUMBER: Final = 2**52
"""Of a dead owner: it asks nothing more."""

_TRIES: Final = 3
_NOBODY: Final = ""
"""The owner of a question that only looks. Any process asks such questions, so they have no numbers."""


class StoreDown(NamedTuple):
    """What a dead store means, once what is drawn ahead is spent. Each process counts an open limit for itself."""

    limits: Literal["open", "closed"] = "open"
    budgets: Literal["open", "closed"] = "closed"


class Settled(NamedTuple):
    """The ledger's sum of a budget's period. ``revision`` grows when the ledger is recomputed, and sums may shrink."""

    picodollars: int
    revision: int = 0


ReadSettled: TypeAlias = Callable[[Sequence[BudgetPeriod]], Awaitable[Sequence[Settled]]]
"""Reads the sums from the ledger, in the order of the periods. Raises ``StorageUnavailable``."""


class Standing(NamedTuple):
    """A gauge's units now. ``used`` is settled money, or what counts in the window; ``resets`` is a Unix time."""

    used: int
    reserved: int
    resets: float | None


class Allowances:
    """One for each process. ``owner`` names it among all that share the store: its folder in the journal.

    Where ``store`` is a ``MemoryStore``, of this process, ``take`` doesn't wait, except for a budget's first sum.
    ``alert`` is told when a budget reaches a share that somebody should know of. Its cost is settled here, so that of
    several processes one tells it. ``clock`` gives seconds that never go back, ``wall`` Unix time.
    """

    def __init__(
        self,
        store: Store,
        owner: str,
        read_settled: ReadSettled,
        store_down: StoreDown = StoreDown(),  # noqa: B008  # it never changes
        *,
        alert: Alert = log_alert,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.batch = 0
        self._own = store if isinstance(store, MemoryStore) else None
        self._store = GuardedStore(store, self._on_heal)
        self._owner, self._read, self._down = owner, read_settled, store_down
        self._alert, self._clock, self._wall = alert, clock, wall
        self._counting = Counting(wall)
        self._number = 0
        self._life = ""
        self._waiting: list[Waiting] = []
        self._untold: dict[str, Part] = {}
        self._asking: asyncio.Task[None] | None = None
        self._unread: dict[str, BudgetHold] = {}
        self._reading: asyncio.Task[None] | None = None
        self._keeping: asyncio.Task[None] | None = None

    @property
    def condition(self) -> Condition:
        """Whether the store works."""
        return self._store.condition

    # --- requests -----------------------------------------------------------------------------------

    def take(self, needs: Sequence[tuple[Gauge, int]]) -> Reservation | Awaitable[Reservation]:
        """All that a request needs, or nothing. Units are requests, tokens or picodollars.

        Raises ``LimitReached``, ``BudgetSpent`` or ``AllowanceStoreDown``, at once or when it is awaited.
        """
        now = self._clock()
        reservation = Reservation(self)
        counting = self._counting
        wanted = [(counting.lease(each, now) if each.seconds else counting.hold(each, now), n) for each, n in needs]
        missing = self._missing_of(wanted, now, reservation)
        if not missing:
            return reservation
        try:
            self._refuse_again(missing, now)
            if self._own is not None and all(_is_known(part) for part, _ in missing):
                return self._ask_own(self._own, reservation, missing)
            if self._store.is_open:
                return self._without_store(reservation, missing, "their store does not answer.")
        except AllowanceError:
            reservation.abandon()
            raise
        return self._ask(reservation, missing)

    def changed(self, part: Part) -> None:
        """The next sweep looks at it."""
        self._counting.busy[part.id] = part

    def _missing_of(self, wanted: Sequence[Need], now: float, reservation: Reservation) -> list[Need]:
        """Takes from memory what is there. Returns the rest."""
        missing: list[Need] = []
        for part, units in wanted:
            if isinstance(part, BudgetHold):
                if part.take(units, now):
                    reservation.add_budget(part, units)
                    self._ask_ahead(part)
                    continue
            elif bucket := part.take(units, now):
                reservation.add_limit(part, bucket, units)
                self._ask_ahead(part)
                continue
            if units > 0 or isinstance(part, BudgetHold):
                missing.append((part, units))
        return missing

    def _ask_ahead(self, part: Part) -> None:
        """A store in this process is asked when there is need: that is as quick."""
        if self._own is None and part.runs_low() and not self._store.is_open:
            self._tell(part)

    def _refuse_again(self, missing: Sequence[Need], now: float) -> None:
        """Without asking, what the store refused a moment ago."""
        for part, units in missing:
            if isinstance(part, LimitLease):
                wait = part.refused_for(units, now)
                if wait is not None:
                    raise limit_reached(part, units, wait)
            elif part.refused_for(units, now):
                raise budget_spent(part, units, self._wall())

    def _ask_own(self, store: MemoryStore, reservation: Reservation, missing: list[Need]) -> Reservation:
        waiting = Waiting(reservation, missing, None)
        now = self._clock()
        asked = question_of(self._owner, self._next_number(), [waiting], (), now)
        answered(asked, store.ask_now(asked.question), now, self)
        waiting.raise_refusal(self._clock(), self._wall())
        return reservation

    async def _ask(self, reservation: Reservation, missing: list[Need]) -> Reservation:
        """Raises what ``take`` does. A request that is cancelled meanwhile has taken nothing."""
        try:
            for _ in range(_TRIES):
                try:
                    await self._know([part for part, _ in missing if isinstance(part, BudgetHold)])
                    missing = self._missing_of(missing, self._clock(), reservation)  # others may have drawn ahead
                    return await self._ask_once(reservation, missing) if missing else reservation
                except LostMemory:
                    continue  # what was settled is read anew first
                except AllowanceStoreDown as error:
                    return self._without_store(reservation, missing, error.why)
            raise AllowanceStoreDown("the store of limits and budgets was started again and again.")
        except BaseException:
            reservation.abandon()
            raise

    async def _ask_once(self, reservation: Reservation, missing: list[Need]) -> Reservation:
        if self._own is not None:
            return self._ask_own(self._own, reservation, missing)
        waiting = Waiting(reservation, missing, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._start_asking()
        await waiting.answered()
        waiting.raise_refusal(self._clock(), self._wall())
        return reservation

    def _without_store(self, reservation: Reservation, missing: Sequence[Need], why: str) -> Reservation:
        now = self._clock()
        for part, units in missing:
            policy = self._down.limits if isinstance(part, LimitLease) else self._down.budgets
            if policy == "closed":
                raise AllowanceStoreDown(why)
            if isinstance(part, BudgetHold):
                part.reserve_unasked(units)
                reservation.add_budget(part, units)
                self.changed(part)
            else:
                wait = part.take_locally(units, now)
                if wait != 0:
                    raise limit_reached(part, units, wait)
                reservation.add_limit(part, UNDRAWN, units)
        return reservation

    # --- what is settled ----------------------------------------------------------------------------

    async def _know(self, holds: Sequence[BudgetHold]) -> None:
        """Reads sums that aren't known, those of other requests with them. Raises ``AllowanceStoreDown``."""
        while unread := [hold for hold in holds if hold.settled is None]:
            self._unread.update({hold.id: hold for hold in unread})
            if self._reading is None or self._reading.done():
                self._reading = asyncio.create_task(self._read_unread())
            await asyncio.shield(self._reading)

    async def _read_unread(self) -> None:
        holds, self._unread = list(self._unread.values()), {}
        for hold, settled in zip(holds, await self._settled([hold.period for hold in holds]), strict=True):
            hold.know(*settled)

    async def _settled(self, periods: Sequence[BudgetPeriod], seconds: float = _READ_SECONDS) -> Sequence[Settled]:
        try:
            async with asyncio.timeout(seconds):
                return await self._read(periods)
        except (StorageUnavailable, TimeoutError) as error:
            raise AllowanceStoreDown("the database that says what is spent does not answer.") from error

    def begin_batch(self) -> int:
        """Called before the ledger settles what is written by now. ``settled`` takes the number when it has."""
        self.batch += 1
        return self.batch - 1

    async def settled(self, batch: int) -> None:
        """The ledger's sums include all that was spent up to ``batch``. Raises ``AllowanceStoreDown``; a later call
        makes up for it.
        """
        holds = [hold for hold in self._counting.holds() if hold.is_settled_by(batch)]
        if not holds:
            return
        for hold, settled in zip(holds, await self._settled([hold.period for hold in holds]), strict=True):
            share = None if hold.settled is None else reached(hold.gauge, hold.settled, settled.picodollars)
            hold.settle(batch, *settled)
            self._tell(hold)
            if share is not None:
                self._alert(hold.gauge, share, settled.picodollars)

    async def release(self, owner: str) -> None:
        """The journal of a process that died is settled: what it held is free. Raises ``AllowanceStoreDown``."""
        periods = [period_of(name) for name in await self._store.held_by(owner)]
        if not periods:
            return
        counters = [
            Counter(period.name, 0, 0, 0, settled.picodollars, settled.revision)
            for period, settled in zip(periods, await self._settled(periods), strict=True)
        ]
        await self._store.ask(Question(owner, _LAST_NUMBER, counters, []))

    async def standing(self, gauges: Sequence[Gauge]) -> list[Standing]:
        """What is used of each. Raises ``AllowanceStoreDown``."""
        now = self._clock()
        parts = [self._counting.lease(g, now) if g.seconds else self._counting.hold(g, now) for g in gauges]
        await self._know([part for part in parts if isinstance(part, BudgetHold)])
        counters = [part.looked_at() for part in parts]
        answer = await self._store.ask(Question(_NOBODY, 0, counters, []))
        return [
            Standing(level.settled, level.taken - level.settled, part.resets)
            if isinstance(part, BudgetHold)
            else Standing(level.taken, 0, None)
            for part, level in zip(parts, answer.levels, strict=True)
        ]

    # --- beside the way of requests -----------------------------------------------------------------

    async def open(self, *, reads: bool = True) -> None:
        """Connects to the store, and keeps in touch with it until ``close``.

        ``reads``: opens the ledger's sums, too, so that the first request that needs one doesn't wait for that.
        """
        if self._own is None:
            await self._store.connect()
        if reads:
            with suppress(AllowanceStoreDown):  # whoever needs a sum tries again, and is told
                await self._settled((), _OPEN_SECONDS)
        self._keeping = asyncio.create_task(self._keep())

    async def close(self) -> None:
        """Gives back what is left. What is spent and not settled stays held."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait((self._keeping,))
        for part in self._counting.end():
            self._tell(part)
        if self._asking is not None:
            await self._asking
        await self._store.close()

    async def _keep(self) -> None:
        for sweep in range(2**62):
            await asyncio.sleep(_SWEEP)
            self.sweep(ping=sweep % _PING_EVERY == 0)

    def sweep(self, *, ping: bool) -> None:
        """Gives back what has ended, and drops what is idle. A ping notices a store that has lost its memory."""
        told = self._counting.sweep(self._clock())
        if self._store.is_open:
            return
        for part in told:
            self._tell(part)
        if ping and self._own is None and self._counting.busy:
            self._start_asking(ping=True)

    def _tell(self, part: Part) -> None:
        self._untold[part.id] = part
        self._start_asking()

    def _start_asking(self, *, ping: bool = False) -> None:
        """One question at a time: what comes meanwhile is in the next one."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask_until_quiet(ping))

    async def _ask_until_quiet(self, ping: bool) -> None:
        while self._waiting or self._untold or ping:
            ping = False
            waiting, self._waiting = self._waiting[:_MOST_WAITING], self._waiting[_MOST_WAITING:]
            untold, self._untold = self._untold, {}
            now = self._clock()
            asked = question_of(self._owner, self._next_number(), waiting, untold.values(), now)
            try:
                if self._own is not None:
                    answer = self._own.ask_now(asked.question)
                else:
                    answer = await self._store.ask(asked.question)
            except AllowanceStoreDown as error:
                asked.fail(error.why)
                for part, _ in asked.parts:
                    self.changed(part)
                continue
            answered(asked, answer, now, self)

    def noticed(self, life: str) -> bool:
        """Whether the store has lost its memory since the last answer. Then everything has to be told again."""
        lost = bool(self._life) and life != self._life
        self._life = life
        if lost:
            for hold in self._counting.holds():
                hold.tell_again()
                self.changed(hold)
        return lost

    def _on_heal(self) -> None:
        for lease in self._counting.leases():
            lease.store_lives()
        for hold in self._counting.holds():
            if not hold.is_at_rest():
                self._tell(hold)

    def _next_number(self) -> int:
        self._number += 1
        return self._number


def _is_known(part: Part) -> bool:
    return isinstance(part, LimitLease) or part.settled is not None
