"""One run: the load, the disasters beside it, and the bill at its end."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec

from scripts.chaos.asked import Asked
from scripts.chaos.bill import Pair, paired, problems
from scripts.chaos.load import UNANSWERED, Load
from scripts.chaos.stage import Served, config, environment, rows_of
from tests.support.postgres import Postgres
from turnout.simulator.log import Attempt
from turnout.simulator.server import Simulator, start

_SERVERS: Final = 2
_DOWN, _FULL = 1.0, 1.0
"""Seconds for which Postgres is stopped, and a disk is full."""
_PROGRESS: Final = 5.0

Tell = Callable[[str], None]


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """``stops`` of Postgres, ``full`` disks. All of it is spread over ``seconds``.

    ``percent``: the sums of the ledger may differ from the bill by so much.
    """

    requests: int
    kills: int
    stops: int
    full: int
    seconds: float
    seed: int
    percent: float


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """``ends`` counts what the clients saw."""

    pairs: list[Pair]
    asked: dict[str, Asked]
    ends: Counter[str]
    problems: list[str]


class Collected:
    """Every attempt of the simulator's log, which itself keeps only the last ones."""

    def __init__(self, simulator: Simulator) -> None:
        self.attempts: dict[int, Attempt] = {}
        self._simulator = simulator

    def take(self) -> None:
        self.attempts.update({each.number: each for each in self._simulator.attempts})


async def run(options: Options, folder: Path, postgres: Postgres, tell: Tell) -> Outcome:
    database = postgres.database()
    async with start() as simulator:
        env = {"DATABASE_URL": database.replace("+asyncpg", ""), **environment(simulator.url)}
        collected = Collected(simulator)
        servers = [Served(folder / f"server-{at}", config(simulator.url), env) for at in range(1, _SERVERS + 1)]
        load = Load(servers, requests=options.requests, seconds=options.seconds, seed=options.seed)
        try:
            await _together(each.start() for each in servers)
            watching = asyncio.ensure_future(_watch(load, collected, tell))
            await _together((load.run(), *_disasters(options, servers, postgres)))
            watching.cancel()
            for each in servers:
                await each.settled()
            used = sum(Decimal(str(budget["used"])) for budget in await servers[0].budgets())
            await _together(each.stop() for each in servers)
        finally:
            for each in servers:
                each.end()
        collected.take()
    rows = rows_of(postgres, database)
    pairs = paired(rows, collected.attempts.values())
    wrong = problems(pairs, options.percent / 100)
    cost = sum(row.cost or 0 for row in rows)
    if used * 10**12 != cost:
        wrong.append(f"the budgets show {used} USD, and the ledger has {cost} picodollars")
    if load.ends[UNANSWERED]:
        wrong.append(f"{load.ends[UNANSWERED]} requests were not answered")
    return Outcome(pairs=pairs, asked=load.asked, ends=load.ends, problems=wrong)


async def _together(all_work: Iterator[Coroutine[Any, Any, None]] | Sequence[Coroutine[Any, Any, None]]) -> None:
    """The first failure ends all."""
    async with asyncio.TaskGroup() as group:
        for work in all_work:
            group.create_task(work)


def _disasters(options: Options, servers: Sequence[Served], postgres: Postgres) -> Iterator[Coroutine[Any, Any, None]]:
    choose = random.Random(options.seed)  # noqa: S311  # the same moments each time
    for _ in range(options.kills):
        yield _later(choose.uniform(0.05, 0.95) * options.seconds, choose.choice(servers).kill)
    for _ in range(options.full):
        yield _later(choose.uniform(0.05, 0.95) * options.seconds, choose.choice(servers).fill_disk, _FULL)
    stopping = asyncio.Lock()
    for _ in range(options.stops):
        yield _later(choose.uniform(0.05, 0.95) * options.seconds, _stop, postgres, stopping)


async def _later(seconds: float, disaster: Callable[..., Awaitable[None]], *arguments: object) -> None:
    await asyncio.sleep(seconds)
    await disaster(*arguments)


async def _stop(postgres: Postgres, stopping: asyncio.Lock) -> None:
    async with stopping:
        await asyncio.to_thread(postgres.stop)
        await asyncio.sleep(_DOWN)
        await asyncio.to_thread(postgres.start)


async def _watch(load: Load, collected: Collected, tell: Tell) -> None:
    """Collects the log until it is cancelled, and tells how far the run is."""
    began = told = time.monotonic()
    while True:
        await asyncio.sleep(1)
        collected.take()
        if (now := time.monotonic()) - told >= _PROGRESS:
            told = now
            ends = ", ".join(f"{words} {count}" for words, count in load.ends.most_common())
            tell(f"{now - began:.0f} s: {len(load.asked)} asked, {len(collected.attempts)} sent; {ends}")
