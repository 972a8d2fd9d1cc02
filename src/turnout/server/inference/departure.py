"""Notices that a client has left.

ASGI reports it only to a task that waits for it, and a waiting task for every request costs too much. So the waiting
begins when an answer has taken a quarter of a second: short answers never pay for it, and a client that is gone is
noticed soon.
"""

from __future__ import annotations

import asyncio

from turnout.server.request import Receive
from turnout.ticker import Ticker

GRACE = 0.25  # seconds


class Departure:
    """Cancels the current task when the client leaves; ``gone`` tells that this is why.

    Made when the body has been read, ended by ``stop``.
    """

    __slots__ = ("_receive", "_since", "_task", "_ticker", "_watcher", "gone")

    def __init__(self, ticker: Ticker, receive: Receive) -> None:
        self._ticker = ticker
        self._receive = receive
        self._since = ticker.time()
        self._task = ticker.current_task()
        self._watcher: asyncio.Task[None] | None = None
        self.gone = False
        ticker.add(self)

    def stop(self) -> None:
        self._ticker.discard(self)
        if self._watcher is not None:
            self._watcher.cancel()
            self._watcher = None  # or the two would keep each other alive

    def tick(self, now: float) -> None:
        if now - self._since >= GRACE:
            self._ticker.discard(self)
            self._watcher = asyncio.get_running_loop().create_task(self._wait())

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.gone = True
        if self._task is not None:
            self._task.cancel()
