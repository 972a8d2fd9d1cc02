"""A clock for one attempt that costs next to nothing while all goes well.

``asyncio.timeout`` would set and cancel a timer for every piece of a stream, and its scope can't be left between two
pieces. Here a deadline is a number, and the ticker compares it with the time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import inf
from types import TracebackType
from typing import Final, Self

import msgspec

from turnout.errors import UpstreamTimeout
from turnout.ticker import Ticker

FIRST_BYTE: Final = "timeouts.first_byte"
FIRST_TOKEN: Final = "timeouts.first_token"  # noqa: S105  # no password
STALL: Final = "timeouts.stall"
TOTAL: Final = "timeouts.total"
OF_THE_REQUEST: Final = "x-turnout-timeout"
"""Names of deadlines: keys of the configuration, and the header of a request."""


class Deadline(msgspec.Struct, frozen=True, gc=False):
    """``name`` is one of those above. ``own``: it is the deployment's, and not what is left of the request's time."""

    seconds: float
    name: str
    own: bool = True

    def or_sooner(self, other: Deadline) -> Deadline:
        """The one that passes first."""
        return other if other.seconds < self.seconds else self

    def after(self, seconds: float) -> Deadline:
        """What is left of it ``seconds`` later."""
        return Deadline(max(self.seconds - seconds, 0.0), self.name, own=False)


class Watchdog:
    """``meter`` writes down what the attempt has used, and returns the seconds until it is to do so again.

    ``with watchdog.expect(deadline, what): await …`` raises ``UpstreamTimeout`` when it takes longer.

    ``total`` bounds the whole attempt, without the time spent outside of ``expect``. ``stop`` ends the watch.
    """

    __slots__ = (
        "_at",
        "_deadline",
        "_expired",
        "_meter",
        "_meter_at",
        "_task",
        "_ticker",
        "_total",
        "_total_at",
        "_what",
    )

    def __init__(self, ticker: Ticker, total: Deadline, meter: Callable[[], float]) -> None:
        self._ticker = ticker
        self._meter = meter
        self._meter_at = 0.0
        self._total = total
        self._total_at = ticker.time() + total.seconds
        self._deadline = total
        self._at = inf  # when it passes
        self._expired = False
        self._task: asyncio.Task[object] | None = None
        ticker.add(self)

    def expect(self, deadline: Deadline, what: str) -> Self:
        """``what`` completes the sentence "The provider … within N s"."""
        self._deadline, self._what = deadline, what
        self._at = self._ticker.time() + deadline.seconds
        if self._at > self._total_at:
            self._at = self._total_at
            self._deadline = self._total
            if deadline.seconds < self._total.seconds:
                self._what = "did not finish its answer"
        return self

    def stop(self) -> None:
        self._ticker.discard(self)

    def __enter__(self) -> None:
        self._task = self._ticker.current_task()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._at = inf
        if self._expired and kind is asyncio.CancelledError and self._task and self._task.uncancel() == 0:
            self._expired = False
            passed = self._deadline
            message = f"The provider {self._what} within {round(passed.seconds, 2):g} s."
            raise UpstreamTimeout(message, passed.name, blames=passed.own) from error

    def tick(self, now: float) -> None:
        if now >= self._meter_at:
            self._meter_at = now + self._meter()
        if now >= self._at and not self._expired and self._task is not None:
            self._expired = True
            self._task.cancel()
