"""Noticing that a client has left, or doesn't get its request out.

ASGI tells of a departure only to who waits for it, and a waiting task for every request is dear. So the waiting begins
when an answer has taken a quarter of a second: short ones never pay, and nobody works much longer for a client that is
gone.
"""

from __future__ import annotations

import asyncio
from math import inf

from turnout.ticker import Ticker

from .request import Receive

GRACE = 0.25  # seconds


class Departure:
    """Cancels the current task when the client leaves, or needs longer than ``body_seconds`` for its body.

    ``body_complete`` is said when the body has been read, ``stop`` at the end. ``gone`` and ``slow`` tell why the task
    was cancelled.
    """

    __slots__ = ("_body_at", "_receive", "_since", "_task", "_ticker", "_watcher", "gone", "slow")

    def __init__(self, ticker: Ticker, receive: Receive, body_seconds: float) -> None:
        self._ticker = ticker
        self._receive = receive
        self._since = inf
        self._body_at = ticker.time() + body_seconds
        self._task = asyncio.current_task()
        self._watcher: asyncio.Task[None] | None = None
        self.gone = False
        self.slow = False
        ticker.add(self)

    def body_complete(self) -> None:
        self._body_at = inf
        self._since = self._ticker.time()

    def stop(self) -> None:
        self._ticker.discard(self)
        if self._watcher is not None:
            self._watcher.cancel()

    def tick(self, now: float) -> None:
        if now >= self._body_at:
            self._ticker.discard(self)
            self.slow = True
            self._cancel()
        elif now - self._since >= GRACE:
            self._ticker.discard(self)
            self._watcher = asyncio.get_running_loop().create_task(self._wait())

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.gone = True
        self._cancel()

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()
