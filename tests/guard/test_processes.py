"""No crash, lost answer or wrong clock lets more through than is allowed; and all is whole again at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from turnout.guard.gauges import Gauge
from turnout.guard.store import guarded
from turnout.telemetry import breaker

from .simulated import Admitted, Clock, Fault, FaultyStore, Ledger, Process, most_in_any_window, quiet

SMALL = Gauge("limit/a/requests/10", "requests", 6, seconds=10, says="6 in 10 s")
LARGE = Gauge("limit/b/requests/60", "requests", 200, seconds=60, says="200 a minute")
TOKENS = Gauge("limit/c/tokens/20", "tokens", 1000, seconds=20, says="1000 tokens in 20 s")
BUDGET = Gauge("budget/d/total", "usd", 10_000, period="total", says="a budget")
SECOND_BUDGET = Gauge("budget/e/monthly", "usd", 800, period="monthly", says="a small budget")
LIMITS = (SMALL, LARGE, TOKENS)
BUDGETS = (BUDGET, SECOND_BUDGET)
NAMES = ("p1", "p2", "p3")
OFFSETS = {"p1": 0.0, "p2": 1.0, "p3": -1.0}

needs_of = st.lists(
    st.one_of(
        st.sampled_from([(SMALL, 1), (LARGE, 1)]),
        st.tuples(st.just(TOKENS), st.integers(1, 300)),
        st.tuples(st.just(BUDGET), st.integers(1, 900)),
        st.tuples(st.just(SECOND_BUDGET), st.integers(0, 200)),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda need: need[0].id,
)


class Processes(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.clock = Clock()
        self.store = FaultyStore(self.clock)
        self.ledger = Ledger()
        self.processes: dict[str, Process] = {}
        self.dead: list[Process] = []
        self.spent: dict[str, list[Admitted]] = {gauge.id: [] for gauge in LIMITS}
        self.started = 0

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        async def and_then_quiet() -> Any:
            result = await work
            await quiet()
            return result

        return self.loop.run_until_complete(and_then_quiet())

    @initialize()
    def begin(self) -> None:
        for name in NAMES:
            self.start(name)

    def start(self, name: str) -> None:
        self.started += 1
        owner = f"{name}-{self.started}"
        self.processes[name] = Process(owner, self.store, self.ledger, self.clock, OFFSETS[name])

    @rule(name=st.sampled_from(NAMES), needs=needs_of, times=st.integers(1, 8))
    def take(self, name: str, needs: list[tuple[Gauge, int]], times: int) -> None:
        async def all_at_once() -> list[Admitted | None]:
            return await asyncio.gather(*[self.processes[name].take(needs) for _ in range(times)])

        for admitted in self.run(all_at_once()):
            if admitted is not None:
                for gauge, _ in needs:
                    if gauge.seconds:
                        self.spent[gauge.id].append(admitted)

    @rule(name=st.sampled_from(NAMES), share=st.floats(0, 1), many=st.integers(1, 8))
    def end(self, name: str, share: float, many: int) -> None:
        process = self.processes[name]
        for admitted in [each for each in process.admitted if each.is_open][:many]:
            process.end(admitted, share)

    @rule(name=st.sampled_from(NAMES), needs=needs_of)
    def take_and_hang_up(self, name: str, needs: list[tuple[Gauge, int]]) -> None:
        """The client goes while its request waits."""
        process = self.processes[name]

        async def hang_up() -> None:
            task = asyncio.create_task(process.take(needs))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait((task,))
            if not task.cancelled() and task.result() is not None:
                process.admitted[-1].reservation.abandon()
                process.admitted.pop()

        self.run(hang_up())

    @rule(name=st.sampled_from(NAMES))
    def settle(self, name: str) -> None:
        self.run(self.processes[name].settle())

    @rule(name=st.sampled_from(NAMES))
    def commit_only(self, name: str) -> None:
        """The ledger has it, and the process dies before it tells the store."""
        self.processes[name].commit()
        self.crash(name)

    @rule(name=st.sampled_from(NAMES))
    def crash(self, name: str) -> None:
        process = self.processes[name]
        for admitted in process.admitted:  # what its open requests cost is lost with it; the journal has the rest
            for gauge in BUDGETS:
                admitted.units.pop(gauge.id, None)
            admitted.is_open = False
        self.dead.append(process)
        self.start(name)

    @precondition(lambda self: self.dead and not self.store.fault)
    @rule(name=st.sampled_from(NAMES))
    def recover(self, name: str) -> None:
        dead = self.dead.pop()
        dead.commit()
        if not self.processes[name].allowances._store.is_open:
            self.run(self.processes[name].allowances.release(dead.name))

    @rule(fault=st.sampled_from(["lost", "lost answer", "late"]))
    def break_store(self, fault: Fault) -> None:
        self.store.fault = fault

    @rule()
    def mend_store(self) -> None:
        self.store.fault = ""
        self.store.do_what_is_late()
        self.run(quiet())

    @rule(seconds=st.sampled_from([0.001, 0.05, 0.3, 1.1, 4.9, 10.0, 21.0, 61.0]))
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds
        self.sweep()

    def sweep(self) -> None:
        async def each() -> None:
            for process in self.processes.values():
                process.allowances.sweep(ping=True)

        self.run(each())

    @invariant()
    def no_limit_is_passed(self) -> None:
        for gauge in LIMITS:
            spent = [(each.at, each.units[gauge.id]) for each in self.spent[gauge.id]]
            assert most_in_any_window(spent, gauge.seconds) <= gauge.most, gauge.id

    @invariant()
    def no_budget_is_passed(self) -> None:
        for gauge in BUDGETS:
            outstanding = sum(each.outstanding(gauge.id) for each in (*self.processes.values(), *self.dead))
            assert self.ledger.sums.get(gauge.id, 0) + outstanding <= gauge.most, gauge.id

    def teardown(self) -> None:
        """Everything ends and the store works: nothing is reserved, and the windows are empty."""
        if self.processes:
            self.mend_store()
            for name in NAMES:
                self.end(name, 0.5, 10**6)
                self.settle(name)
            while self.dead:
                self.recover(NAMES[0])
            for _ in range(2):
                self.clock.now += 65  # longer than any window, and shorter than an owner lasts
                self.sweep()
            standing = self.run(self.processes["p1"].allowances.standing([*LIMITS, *BUDGETS]))
            assert [each.reserved for each in standing] == [0] * 5
            assert [each.used for each in standing[:3]] == [0] * 3
            assert [each.used for each in standing[3:]] == [self.ledger.sums.get(g.id, 0) for g in BUDGETS]
        self.loop.close()


@pytest.fixture(autouse=True, scope="module")
def _probe_at_once() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(guarded, "PROBE_SECONDS", 0.0001)
        patch.setattr(breaker, "PROBE_SECONDS", 0.0001)
        yield


TestProcesses = Processes.TestCase
TestProcesses.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
