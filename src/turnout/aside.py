"""Work that would hold the event loop up: done in a thread beside it.

A thread lets the loop have its turn every few milliseconds, but not in the midst of one long call into C. Such calls
are bounded by what a body may hold (``server/inference/bounds.py``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from turnout.errors import Overloaded

LARGE = 128 * 1024
"""Bytes of a request from which on it is worked on aside; what is shorter takes a few milliseconds at worst."""

_THREADS = 2  # more would only keep the loop waiting longer for its turn
_MOST_WAITING = 64

Given = ParamSpec("Given")
Result = TypeVar("Result")


class Aside:
    """``close`` ends its threads."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="turnout-aside")
        self._entering = 0

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def enter(self, work: Callable[Given, Result], *given: Given.args, **named: Given.kwargs) -> Result:
        """The first work on a request. Raises ``Overloaded`` when too many wait for theirs."""
        if self._entering >= _MOST_WAITING:
            raise Overloaded(f"{_MOST_WAITING} large requests are waiting to be read. Try again in a moment.")
        self._entering += 1
        try:
            return await self.run(work, *given, **named)
        finally:
            self._entering -= 1

    async def run_if(
        self, large: bool, work: Callable[Given, Result], *given: Given.args, **named: Given.kwargs
    ) -> Result:
        """Here and now, where it doesn't take long."""
        return await self.run(work, *given, **named) if large else work(*given, **named)

    async def run(self, work: Callable[Given, Result], *given: Given.args, **named: Given.kwargs) -> Result:
        """More work on one that has entered. What nobody waits for any more is not begun."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(work, *given, **named))
