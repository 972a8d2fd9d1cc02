"""When the providers are asked for their models: at the start, then at intervals, and after a reload."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable


class DiscoveryRounds:
    """``first_done`` is set when the first round is over."""

    def __init__(self) -> None:
        self.first_done = asyncio.Event()
        self._next_now = asyncio.Event()

    async def run(self, discover: Callable[[], Awaitable[None]], seconds: float) -> None:
        """Awaits ``discover`` once in each round, until cancelled. A round starts ``seconds`` after the last one."""
        while True:
            self._next_now.clear()
            await discover()
            self.first_done.set()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._next_now.wait()

    def start_next(self) -> None:
        """Ends the pause before the next round."""
        self._next_now.set()
