"""One timer for all: it ticks while somebody is watched, and only then."""

from __future__ import annotations

import asyncio

from turnout.ticker import Ticker


class Seen:
    """Counts its ticks, and may leave after some."""

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


async def test_who_is_watched_is_ticked_until_it_is_discarded() -> None:
    ticker = Ticker()
    seen = Seen(ticker)
    ticker.add(seen)
    await asyncio.wait_for(seen.twice.wait(), 2)
    ticker.discard(seen)
    before = len(seen.times)
    await asyncio.sleep(0.03)
    assert len(seen.times) == before
    assert seen.times == sorted(seen.times)
    assert abs(seen.times[-1] - ticker.time()) < 1


async def test_a_tick_may_discard_itself_and_others() -> None:
    ticker = Ticker()
    other = Seen(ticker)

    class Jealous(Seen):
        def tick(self, now: float) -> None:
            ticker.discard(other)
            super().tick(now)

    jealous = Jealous(ticker, most=1)
    ticker.add(other)
    ticker.add(jealous)
    await asyncio.sleep(0.05)
    assert len(jealous.times) == 1
    assert len(other.times) <= 1


async def test_nobody_is_watched_nothing_ticks() -> None:
    """And it begins again with the next one."""
    ticker = Ticker()
    for _ in range(2):
        seen = Seen(ticker, most=2)
        ticker.add(seen)
        await asyncio.wait_for(seen.twice.wait(), 2)
        await asyncio.sleep(0.02)
        assert not ticker.ticking


async def test_to_be_added_twice_is_to_be_watched_once() -> None:
    ticker = Ticker()
    seen = Seen(ticker)
    ticker.add(seen)
    ticker.add(seen)
    await asyncio.wait_for(seen.twice.wait(), 2)
    assert len(seen.times) == len(set(seen.times))
    ticker.discard(seen)
    ticker.discard(seen)
    await asyncio.sleep(0.02)
    assert not ticker.ticking
