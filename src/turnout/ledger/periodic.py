"""Work that is repeated for as long as the process lives."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from turnout.telemetry import Condition

RETRY_SECONDS = 2.0
"""The shortest pause between two tries while the work fails."""


class PeriodicWork:
    """Calls ``work`` every ``seconds`` until it is stopped. Errors of ``work`` are reported to ``condition`` only."""

    def __init__(self, work: Callable[[], Awaitable[None]], seconds: float, condition: Condition) -> None:
        self._work = work
        self._seconds = seconds
        self._condition = condition
        self._stopping = asyncio.Event()
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Waits for the call that is under way."""
        self._stopping.set()
        await self._task

    async def _run(self) -> None:
        while not self._stopping.is_set():
            await self.run_once()
            pause = self._seconds if self._condition.error is None else max(self._seconds, RETRY_SECONDS)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)

    async def run_once(self) -> None:
        try:
            await self._work()
        except Exception as error:  # noqa: BLE001  # whatever it is, the work has to be tried again: no record is lost by it
            self._condition.broke(error)
        else:
            self._condition.works()
