"""A clock for one attempt that costs next to nothing while all goes well.

``asyncio.timeout`` would set and cancel a timer for every piece of a stream, and its scope can't be left between two
pieces. Here one timer runs, looks at the deadline when it fires, and sets itself again if the deadline has moved.
"""

from __future__ import annotations

import asyncio
from math import inf
from types import TracebackType
from typing import Self

from turnout.errors import UpstreamTimeout


class Watchdog:
    """``with watchdog.expect(seconds, what): await …`` raises ``UpstreamTimeout`` when it takes longer.

    ``total`` bounds the whole attempt, but for the time spent outside of ``expect``.
    """

    __slots__ = ("_deadline", "_expired", "_fires_at", "_loop", "_seconds", "_task", "_timer", "_total_at", "_what")

    def __init__(self, total: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._total_at = self._loop.time() + total
        self._deadline = inf
        self._fires_at = inf
        self._timer: asyncio.TimerHandle | None = None
        self._expired = False
        self._seconds = 0.0
        self._what = ""

    def expect(self, seconds: float, what: str) -> Self:
        """``what`` completes the sentence "The provider …"."""
        self._seconds, self._what = seconds, what
        self._deadline = min(self._loop.time() + seconds, self._total_at)
        if self._deadline < self._fires_at:
            self._arm(self._deadline)
        return self

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def __enter__(self) -> None:
        self._task = asyncio.current_task()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._deadline = inf
        if self._expired and kind is asyncio.CancelledError and self._task and self._task.uncancel() == 0:
            self._expired = False
            raise UpstreamTimeout(f"The provider {self._what} within {self._seconds:g} s.") from error

    def _arm(self, when: float) -> None:
        self.stop()
        self._fires_at = when
        self._timer = self._loop.call_at(when, self._fire)

    def _fire(self) -> None:
        self._fires_at, self._timer = inf, None
        if self._deadline == inf:
            return
        if self._loop.time() < self._deadline:
            self._arm(self._deadline)
        elif self._task is not None:
            self._expired = True
            self._task.cancel()
