"""What limits and budgets cost a request: from memory, and where it has to ask the store.

``.venv/bin/python -m bench.allowances [REDIS_URL]`` prints a table in µs. ``take``, ``spend`` and ``close`` with two
limits and a budget that have room come from memory; a limit that is nearly used up asks for each request.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Sequence

from turnout.guard import Allowances, BudgetPeriod, Gauge, Reservation, Settled
from turnout.guard.store import MemoryStore, RedisStore, Store

_ROUNDS = 20_000
_NEARLY_FULL = 2000


async def main() -> None:
    print(f"{'':<10}{'best':>8}{'median':>8}{'asks':>8}{'best':>8}{'median':>8}")
    await _measure("memory", MemoryStore())
    if len(sys.argv) > 1:
        await _measure("Redis", RedisStore(sys.argv[1]))


async def _measure(name: str, store: Store) -> None:
    unique = f"{name}-{time.time_ns()}"
    allowances = Allowances(store, unique, _nothing)
    await allowances.open()
    needs = [
        (Gauge(f"limit/{unique}/requests/60", "requests", 10**8, seconds=60), 1),
        (Gauge(f"limit/{unique}/tokens/60", "tokens", 10**11, seconds=60), 500),
        (Gauge(f"budget/{unique}/monthly", "usd", 10**15, period="monthly"), 10**8),
    ]
    from_memory = []
    for number in range(_ROUNDS):
        begin = time.perf_counter()
        taken = allowances.take(needs)
        if isinstance(taken, Reservation):
            taken.spend(10**6, 400)
            taken.close()
            from_memory.append(time.perf_counter() - begin)
        else:
            (await taken).close()
        if number % 20 == 0:
            await asyncio.sleep(0)
    asked = await _ask_for_each(allowances, Gauge(f"limit/{unique}/full", "requests", _NEARLY_FULL, seconds=3600))
    await allowances.close()
    print(f"{name:<10}{_figures(from_memory)}{_ROUNDS - len(from_memory):>8}{_figures(asked)}")


async def _ask_for_each(allowances: Allowances, gauge: Gauge) -> list[float]:
    """The times of the last quarter, of which nothing is drawn ahead."""
    times = []
    for _ in range(_NEARLY_FULL):
        begin = time.perf_counter()
        taken = allowances.take([(gauge, 1)])
        if not isinstance(taken, Reservation):
            await taken
        times.append(time.perf_counter() - begin)
    return times[-_NEARLY_FULL // 5 :]


async def _nothing(periods: Sequence[BudgetPeriod]) -> list[Settled]:
    return [Settled(0) for _ in periods]


def _figures(seconds: Sequence[float]) -> str:
    return f"{min(seconds) * 1e6:>8.1f}{statistics.median(seconds) * 1e6:>8.1f}"


if __name__ == "__main__":
    asyncio.run(main())
