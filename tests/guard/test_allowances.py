"""What one process lets through: from memory, and as a function call where nobody shares the store."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

import pytest

from turnout.errors import AllowanceStoreDown, BudgetSpent, LimitReached, StorageUnavailable, TurnoutError
from turnout.guard.allowances import Allowances, Settled, Standing, StoreDown
from turnout.guard.gauges import Gauge
from turnout.guard.periods import BudgetPeriod
from turnout.guard.reservation import Reservation
from turnout.guard.store import MemoryStore

from .simulated import CLOSED, Clock, FaultyStore, quiet

USD = 10**12
NOON = 1_796_126_400  # of 2026-12-01
TEN = Gauge("limit/key/k/chat/requests/60", "requests", 10, seconds=60, says="10 chat requests a minute for 'k'")
MANY = Gauge("limit/key/k/all/requests/3600", "requests", 10_000, seconds=3600, says="10000 an hour")
TOKENS = Gauge("limit/key/k/chat/tokens/60", "tokens", 1000, seconds=60, says="1000 tokens a minute")
BUDGET = Gauge("budget/key/k/daily", "usd", 25 * USD, period="daily", says="25 USD a day for the key 'k'")


class Ledger:
    def __init__(self) -> None:
        self.sums: dict[str, Settled] = {}
        self.read_periods: list[BudgetPeriod] = []
        self.is_down = False

    async def read(self, periods: Sequence[BudgetPeriod]) -> list[Settled]:
        if self.is_down:
            raise StorageUnavailable("The database can't be used.")
        self.read_periods += periods
        return [self.sums.get(period.gauge, Settled(0)) for period in periods]


class Alone(NamedTuple):
    """One process and its memory."""

    allowances: Allowances
    clock: Clock
    ledger: Ledger
    store: MemoryStore

    async def take(self, *needs: tuple[Gauge, int]) -> Reservation:
        taken = self.allowances.take(needs)
        return taken if isinstance(taken, Reservation) else await taken

    async def standing(self, gauge: Gauge) -> Standing:
        (standing,) = await self.allowances.standing([gauge])
        return standing

    def pass_time(self, seconds: float) -> None:
        self.clock.now += seconds
        self.allowances.sweep(ping=False)


@pytest.fixture
def alone() -> Alone:
    clock, ledger = Clock(), Ledger()
    store = MemoryStore(lambda: int(clock.now * 1e9))
    allowances = Allowances(store, "me", ledger.read, clock=lambda: clock.now, wall=lambda: NOON + clock.now)
    return Alone(allowances, clock, ledger, store)


async def test_a_take_from_memory_does_not_wait(alone: Alone) -> None:
    first = alone.allowances.take([(BUDGET, USD)])
    assert not isinstance(first, Reservation)  # what is settled is read
    await first
    assert [isinstance(alone.allowances.take([(TEN, 1), (MANY, 1), (BUDGET, USD)]), Reservation) for _ in range(10)]


async def test_a_refusal_says_what_is_used_and_when_there_is_room(alone: Alone) -> None:
    for _ in range(10):
        await alone.take((TEN, 1), (MANY, 1))
    alone.clock.now += 20
    with pytest.raises(LimitReached) as reached:
        await alone.take((MANY, 1), (TEN, 1))
    refusal = reached.value
    assert (refusal.gauge, refusal.most, refusal.used, refusal.needed, refusal.unit) == (TEN.id, 10, 10, 1, "requests")
    assert refusal.retry_after == pytest.approx(40, abs=0.1)
    assert str(refusal) == (
        "Limit reached: 10 chat requests a minute for 'k'. 10 are used, this request needs 1. Try again in 41 s."
    )
    alone.pass_time(2)
    await quiet()
    assert (await alone.standing(MANY)).used == 10  # the refused one left nothing behind


async def test_a_request_that_is_larger_than_its_limit_is_told_so(alone: Alone) -> None:
    with pytest.raises(LimitReached) as reached:
        await alone.take((TOKENS, 1001))
    assert reached.value.retry_after is None
    assert "needs 1001 tokens, which is more than the limit" in str(reached.value)


async def test_a_spent_budget_says_what_is_spent_reserved_and_estimated(alone: Alone) -> None:
    alone.ledger.sums[BUDGET.id] = Settled(20 * USD)
    await alone.take((BUDGET, 4 * USD))
    with pytest.raises(BudgetSpent) as spent:
        await alone.take((BUDGET, 2 * USD))
    assert str(spent.value) == (
        "Budget spent: 25 USD a day for the key 'k'. 20 USD are spent, 4 USD are reserved for requests under way, and "
        "this request may cost 2 USD. It resets at 2026-12-02T00:00:00Z."
    )
    assert spent.value.retry_after == 1  # the reserved may come back
    with pytest.raises(BudgetSpent) as spent:
        await alone.take((BUDGET, 6 * USD))
    assert spent.value.retry_after == 12 * 3600 - alone.clock.now
    assert spent.value.resets == NOON + 12 * 3600


async def test_what_is_spent_counts_until_the_ledger_has_it(alone: Alone) -> None:
    reservation = await alone.take((BUDGET, 20 * USD))
    reservation.spend(3 * USD, 100)
    reservation.spend(2 * USD, 100)
    reservation.close()
    reservation.close()
    alone.pass_time(2)
    await quiet()
    assert await alone.standing(BUDGET) == Standing(0, 5 * USD, NOON + 12 * 3600)
    batch = alone.allowances.begin_batch()
    later = await alone.take((BUDGET, 10 * USD))
    later.spend(4 * USD, 10)
    later.close()
    alone.ledger.sums[BUDGET.id] = Settled(5 * USD)
    await alone.allowances.settled(batch)
    alone.pass_time(2)
    await quiet()
    assert await alone.standing(BUDGET) == Standing(5 * USD, 4 * USD, NOON + 12 * 3600)


async def test_a_cost_above_the_estimate_counts_in_full(alone: Alone) -> None:
    reservation = await alone.take((BUDGET, USD))
    reservation.spend(24 * USD, 100)
    with pytest.raises(BudgetSpent):
        await alone.take((BUDGET, 2 * USD))
    alone.pass_time(0)
    await quiet()
    assert (await alone.standing(BUDGET)).reserved == 24 * USD


async def test_a_recomputed_ledger_can_give_money_back(alone: Alone) -> None:
    alone.ledger.sums[BUDGET.id] = Settled(25 * USD)
    with pytest.raises(BudgetSpent):
        await alone.take((BUDGET, USD))
    alone.ledger.sums[BUDGET.id] = Settled(10 * USD, revision=1)
    alone.pass_time(61)  # nobody asked for a minute: the sum is read anew
    await alone.take((BUDGET, USD))
    assert (await alone.standing(BUDGET)).used == 10 * USD


async def test_a_budget_begins_anew_at_midnight(alone: Alone) -> None:
    await alone.take((BUDGET, 25 * USD))
    alone.clock.now += 12 * 3600
    await alone.take((BUDGET, 25 * USD))
    assert [period.begin for period in alone.ledger.read_periods] == [NOON - 12 * 3600, NOON + 12 * 3600]


async def test_tokens_that_were_not_used_come_back(alone: Alone) -> None:
    reservation = await alone.take((TOKENS, 900))
    reservation.spend(0, 100)
    reservation.spend(0, 200)
    reservation.close()
    alone.pass_time(2)
    await quiet()
    assert (await alone.standing(TOKENS)).used == 300


async def test_what_is_idle_is_dropped_from_memory(alone: Alone) -> None:
    for number in range(500):
        limit = Gauge(f"limit/key/{number}/requests/60", "requests", 10, seconds=60)
        budget = Gauge(f"budget/key/{number}/total", "usd", USD, period="total")
        reservation = await alone.take((limit, 1), (budget, USD // 2))
        reservation.close()
    for _ in range(3):
        alone.pass_time(2)
        await quiet()
    alone.pass_time(1000)
    for _ in range(40):
        alone.allowances.sweep(ping=False)
    assert len(alone.allowances._counting) == 0
    for _ in range(600):
        await alone.take((TEN, 1))
        alone.pass_time(61)
    assert len(alone.store) <= 2  # the states go one after the other, as questions come


@pytest.mark.parametrize("policy", ["open", "closed"])
async def test_without_the_ledger_a_budget_is_as_store_down_says(policy: str) -> None:
    ledger = Ledger()
    ledger.is_down = True
    down = StoreDown("open", "open" if policy == "open" else "closed")
    allowances = Allowances(MemoryStore(), "me", ledger.read, down)

    async def outcome() -> type[Reservation] | type[TurnoutError]:
        try:
            taken = allowances.take([(BUDGET, USD)])
            return type(taken if isinstance(taken, Reservation) else await taken)
        except TurnoutError as error:
            return type(error)

    assert await outcome() is (Reservation if policy == "open" else AllowanceStoreDown)
    ledger.is_down = False
    assert await outcome() is Reservation


# --- with a store that others share ----------------------------------------------------------------------


class Shared(NamedTuple):
    allowances: Allowances
    clock: Clock
    store: FaultyStore

    async def take(self, *needs: tuple[Gauge, int]) -> Reservation:
        taken = self.allowances.take(needs)
        return taken if isinstance(taken, Reservation) else await taken


@pytest.fixture
def shared() -> Shared:
    clock, ledger = Clock(), Ledger()
    store = FaultyStore(clock)
    allowances = Allowances(store, "me", ledger.read, CLOSED, clock=lambda: clock.now, wall=lambda: NOON + clock.now)
    return Shared(allowances, clock, store)


async def test_while_there_is_room_nothing_waits(shared: Shared) -> None:
    for _ in range(10):
        await shared.take((MANY, 1), (BUDGET, USD // 1000))
        await quiet()
    for _ in range(300):
        assert isinstance(shared.allowances.take([(MANY, 1), (BUDGET, USD // 1000)]), Reservation)
        await quiet()
    assert shared.store.asked < 60


async def test_requests_that_wait_are_asked_for_together(shared: Shared) -> None:
    results = await asyncio.gather(*[shared.take((TEN, 1)) for _ in range(60)], return_exceptions=True)
    assert [isinstance(each, Reservation) for each in results].count(True) == 10
    assert shared.store.asked <= 2


async def test_a_refusal_is_remembered_for_a_moment(shared: Shared) -> None:
    for _ in range(10):
        await shared.take((TEN, 1))
    asked = shared.store.asked
    for _ in range(50):
        with pytest.raises(LimitReached) as reached:
            await shared.take((TEN, 1))
    assert reached.value.retry_after == pytest.approx(60, abs=0.1)
    assert shared.store.asked == asked + 1
    shared.clock.now += 61
    await shared.take((TEN, 1))


async def test_a_defect_of_the_store_leaves_no_request_waiting(shared: Shared) -> None:
    shared.store.fault = "defect"
    with pytest.raises(AllowanceStoreDown, match="their store does not answer"):
        await shared.take((TEN, 1))


async def test_a_request_whose_client_has_gone_takes_nothing(shared: Shared) -> None:
    task = asyncio.create_task(shared.take((TEN, 10), (BUDGET, 25 * USD)))
    await asyncio.sleep(0)
    task.cancel()
    await quiet()
    shared.allowances.sweep(ping=False)
    shared.clock.now += 2
    shared.allowances.sweep(ping=False)
    await quiet()
    await shared.take((TEN, 10), (BUDGET, 25 * USD))


async def test_what_is_settled_while_a_question_is_under_way_is_not_held_twice(shared: Shared) -> None:
    """Else this process would have money that the store gives to another one."""
    first = await shared.take((BUDGET, 10 * USD))
    first.spend(10 * USD, 1)
    first.close()
    await quiet()
    shared.store.answers_wait = asyncio.Event()
    second = asyncio.create_task(shared.take((BUDGET, 5 * USD)))
    await quiet()
    await shared.allowances.settled(shared.allowances.begin_batch())
    shared.store.answers_wait.set()
    await second
    (hold,) = shared.allowances._counting.holds()
    assert hold.used == 5 * USD
    assert hold.held < 10 * USD


async def test_a_debt_that_the_store_did_not_hear_of_is_told_again(shared: Shared) -> None:
    reservation = await shared.take((TOKENS, 100))
    reservation.spend(0, 900)
    reservation.close()
    shared.store.fault = "lost"
    shared.allowances.sweep(ping=False)
    await quiet()
    shared.store.fault = ""
    shared.clock.now += 2
    for _ in range(2):
        shared.allowances.sweep(ping=False)
        await quiet()
    (tokens,) = await shared.allowances.standing([TOKENS])
    assert tokens.used == 900


async def test_what_a_lost_answer_gave_comes_back(shared: Shared) -> None:
    shared.store.fault = "lost answer"
    with pytest.raises(AllowanceStoreDown):
        await shared.take((BUDGET, 25 * USD))
    shared.store.fault = ""
    shared.allowances.sweep(ping=False)
    await quiet()
    (budget,) = await shared.allowances.standing([BUDGET])
    assert budget.reserved == 0


async def test_the_end_gives_back_what_is_left(shared: Shared) -> None:
    reservation = await shared.take((MANY, 1), (BUDGET, USD))
    reservation.spend(USD // 2, 1)
    reservation.close()
    await shared.allowances.close()
    successor = Allowances(shared.store, "other", Ledger().read, CLOSED, clock=lambda: shared.clock.now)
    (many,) = await successor.standing([MANY])
    assert many.used == 1
    assert await shared.store.held_by("me") == [f"{BUDGET.id}@{NOON - 12 * 3600}"]
