"""One timer for all: it ticks only while its set isn't empty."""

from __future__ import annotations

import asyncio

from turnout.ticker import Ticker


class Recorder:
    """Records the times of its ticks, and discards itself after ``most``."""

    def __init__(self, ticker: Ticker, most: int = 1_000_000) -> None:
        self.times: list[float] = []
        self.twice = asyncio.Event()
        self._ticker = ticker
        self._most = most

    def tick(self, now: float) -> None:
        self.times.append(now)
        if len(self.times) >= self._most:
            self._ticker.discard(self)
        if len(self.times) >= 2:
            self.twice.set()


async def test_an_added_object_is_ticked_until_it_is_discarded() -> None:
    ticker = Ticker()
    recorder = Recorder(ticker)
    ticker.add(recorder)
    await asyncio.wait_for(recorder.twice.wait(), 2)
    ticker.discard(recorder)
    before = len(recorder.times)
    await asyncio.sleep(0.03)
    assert len(recorder.times) == before
    assert recorder.times == sorted(recorder.times)
    assert abs(recorder.times[-1] - ticker.time()) < 1


async def test_a_tick_may_discard_itself_and_others() -> None:
    ticker = Ticker()
    other = Recorder(ticker)

    class Jealous(Recorder):
        def tick(self, now: float) -> None:
            ticker.discard(other)
            super().tick(now)

    jealous = Jealous(ticker, most=1)
    ticker.add(other)
    ticker.add(jealous)
    await asyncio.sleep(0.05)
    assert len(jealous.times) == 1
    assert len(other.times) <= 1


async def test_the_ticker_stops_while_it_has_no_objects() -> None:
    """It starts again with the next one that is added."""
    ticker = Ticker()
    for _ in range(2):
        recorder = Recorder(ticker, most=2)
        ticker.add(recorder)
        await asyncio.wait_for(recorder.twice.wait(), 2)
        await asyncio.sleep(0.02)
        assert not ticker.ticking


async def test_an_object_that_is_added_twice_is_ticked_once() -> None:
    ticker = Ticker()
    recorder = Recorder(ticker)
    ticker.add(recorder)
    ticker.add(recorder)
    await asyncio.wait_for(recorder.twice.wait(), 2)
    assert len(recorder.times) == len(set(recorder.times))
    ticker.discard(recorder)
    ticker.discard(recorder)
    await asyncio.sleep(0.02)
    assert not ticker.ticking
