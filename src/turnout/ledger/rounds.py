"""Work that is done again and again for as long as the process lives."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from turnout.telemetry import Condition

PATIENCE = 2.0
"""Seconds between two tries at least, while the work fails."""


class Rounds:
    """Calls ``work`` every ``seconds`` until it is stopped. What it raises goes to ``condition``, not further."""

    def __init__(self, work: Callable[[], Awaitable[None]], seconds: float, condition: Condition) -> None:
        self._work = work
        self._seconds = seconds
        self._condition = condition
        self._stopping = asyncio.Event()
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Lets the round that is under way come to its end."""
        self._stopping.set()
        await self._task

    async def _run(self) -> None:
        while not self._stopping.is_set():
            await self.once()
            pause = self._seconds if self._condition.error is None else max(self._seconds, PATIENCE)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)

    async def once(self) -> None:
        try:
            await self._work()
        except Exception as error:  # noqa: BLE001  # whatever it is, the next round has to come: no record is lost by it
            self._condition.broke(error)
        else:
            self._condition.works()
