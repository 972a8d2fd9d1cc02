"""Timeouts: what is bounded, what isn't, and whose cancellation is whose."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from math import inf

import pytest

from turnout.engine.watchdog import STALL, TOTAL, Deadline, Watchdog
from turnout.errors import UpstreamTimeout
from turnout.ticker import Ticker


@pytest.fixture
async def ticker() -> Ticker:
    return Ticker()


@pytest.fixture
def watchdog(ticker: Ticker) -> Iterator[Watchdog]:
    made = Watchdog(ticker, Deadline(10, TOTAL), never)
    yield made
    made.stop()


def never() -> float:
    """Meters nothing."""
    return inf


def cancelling() -> int:
    task = asyncio.current_task()
    assert task is not None
    return task.cancelling()


async def test_work_that_takes_too_long_is_a_timeout(watchdog: Watchdog) -> None:
    began = time.perf_counter()
    with (
        pytest.raises(UpstreamTimeout, match=r"^The provider did not speak within 0\.05 s \(timeouts\.stall\)\.$"),
        watchdog.expect(Deadline(0.05, STALL), "did not speak"),
    ):
        await asyncio.sleep(5)
    assert 0.04 < time.perf_counter() - began < 1
    assert cancelling() == 0


async def test_work_that_is_in_time_is_not_cancelled(watchdog: Watchdog) -> None:
    for _ in range(5):
        with watchdog.expect(Deadline(0.1, STALL), "did not speak"):
            await asyncio.sleep(0.03)
    assert cancelling() == 0


async def test_time_outside_is_not_counted(watchdog: Watchdog) -> None:
    """A client that takes its time is no stalled provider."""
    with watchdog.expect(Deadline(0.05, STALL), "did not speak"):
        await asyncio.sleep(0)
    await asyncio.sleep(0.15)
    with watchdog.expect(Deadline(0.05, STALL), "did not speak"):
        await asyncio.sleep(0)


async def test_the_total_bounds_all_together(ticker: Ticker) -> None:
    watchdog = Watchdog(ticker, Deadline(0.5, TOTAL), never)

    async def drip() -> None:
        while True:
            with watchdog.expect(Deadline(0.45, STALL), "did not speak"):
                await asyncio.sleep(0.02)

    began = time.perf_counter()
    with pytest.raises(UpstreamTimeout, match=r"did not finish its answer within 0\.5 s"):
        await drip()
    assert time.perf_counter() - began > 0.49
    watchdog.stop()


async def test_a_total_that_is_over_ends_the_next_wait(ticker: Ticker) -> None:
    watchdog = Watchdog(ticker, Deadline(0.02, TOTAL), never)
    await asyncio.sleep(0.05)
    with (
        pytest.raises(UpstreamTimeout, match="did not finish"),
        watchdog.expect(Deadline(0.01, STALL), "did not speak"),
    ):
        await asyncio.sleep(5)
    watchdog.stop()


async def test_a_wait_for_everything_is_named_for_what_it_waits_for(ticker: Ticker) -> None:
    watchdog = Watchdog(ticker, Deadline(0.05, TOTAL), never)
    with (
        pytest.raises(UpstreamTimeout, match=r"did not begin within 0\.05 s"),
        watchdog.expect(Deadline(0.05, STALL), "did not begin"),
    ):
        await asyncio.sleep(5)
    watchdog.stop()


async def test_a_cancellation_from_outside_stays_one(watchdog: Watchdog) -> None:
    async def wait() -> None:
        with watchdog.expect(Deadline(5, STALL), "did not speak"):
            await asyncio.sleep(5)

    task = asyncio.create_task(wait())
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_cancellation_from_outside_at_the_very_moment_stays_one(watchdog: Watchdog) -> None:
    """Who was cancelled may not go on because time was up, too."""

    async def wait() -> None:
        with watchdog.expect(Deadline(0, STALL), "did not speak"):
            await asyncio.sleep(5)

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    watchdog.tick(time.monotonic() + 99)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_another_error_is_let_through(watchdog: Watchdog) -> None:
    with pytest.raises(ValueError, match="x"), watchdog.expect(Deadline(5, STALL), "did not speak"):
        raise ValueError("x")


async def test_the_watchdog_works_again_after_a_timeout(watchdog: Watchdog) -> None:
    for _ in range(2):
        with pytest.raises(UpstreamTimeout), watchdog.expect(Deadline(0.01, STALL), "did not speak"):
            await asyncio.sleep(5)
    with watchdog.expect(Deadline(0.2, STALL), "did not speak"):
        await asyncio.sleep(0.02)


async def test_an_inner_timeout_is_not_mistaken_for_it(watchdog: Watchdog) -> None:
    with watchdog.expect(Deadline(5, STALL), "did not speak"), pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await asyncio.sleep(5)
    assert cancelling() == 0


async def test_a_stopped_watchdog_cancels_nothing(watchdog: Watchdog) -> None:
    watchdog.stop()
    with watchdog.expect(Deadline(0.01, STALL), "did not speak"):
        await asyncio.sleep(0.05)


async def test_it_meters_at_each_tick_until_it_is_told_to_wait(ticker: Ticker) -> None:
    pauses = [0.0, 0.0, 1.0]
    metered: list[float] = []

    def meter() -> float:
        metered.append(now)
        return pauses[len(metered) - 1]

    watchdog = Watchdog(ticker, Deadline(10, TOTAL), meter)
    for tenths in range(12):
        now = 100 + tenths / 10
        watchdog.tick(now)
    watchdog.stop()
    assert metered == [100, 100.1, 100.2]
