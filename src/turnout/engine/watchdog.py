"""A clock for one attempt that costs next to nothing while all goes well.

``asyncio.timeout`` would set and cancel a timer for every piece of a stream, and its scope can't be left between two
pieces. Here a deadline is a number, and the ticker compares it with the time.
"""

from __future__ import annotations

import asyncio
from math import inf
from types import TracebackType
from typing import Self

from turnout.errors import UpstreamTimeout
from turnout.ticker import Ticker


class Watchdog:
    """``with watchdog.expect(seconds, what): await …`` raises ``UpstreamTimeout`` when it takes longer.

    ``total`` bounds the whole attempt, without the time spent outside of ``expect``. ``stop`` ends the watch.
    """

    __slots__ = ("_deadline", "_expired", "_seconds", "_task", "_ticker", "_total", "_total_at", "_what")

    def __init__(self, ticker: Ticker, total: float) -> None:
        self._ticker = ticker
        self._total = total
        self._total_at = ticker.time() + total
        self._deadline = inf
        self._expired = False
        self._task: asyncio.Task[object] | None = None
        ticker.add(self)

    def expect(self, seconds: float, what: str) -> Self:
        """``what`` completes the sentence "The provider … within N s"."""
        self._seconds, self._what = seconds, what
        self._deadline = self._ticker.time() + seconds
        if self._deadline > self._total_at:
            self._deadline = self._total_at
            if seconds < self._total:
                self._seconds, self._what = self._total, "did not finish its answer"
        return self

    def stop(self) -> None:
        self._ticker.discard(self)

    def __enter__(self) -> None:
        self._task = self._ticker.current_task()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._deadline = inf
        if self._expired and kind is asyncio.CancelledError and self._task and self._task.uncancel() == 0:
            self._expired = False
            raise UpstreamTimeout(f"The provider {self._what} within {round(self._seconds, 2):g} s.") from error

    def tick(self, now: float) -> None:
        if now >= self._deadline and not self._expired and self._task is not None:
            self._expired = True
            self._task.cancel()
