"""Runs work that would block the event loop in a thread.

Python switches from the thread to the loop every few milliseconds, but not during one long call into C. The bounds of a
body (``server/inference/bounds.py``) keep such calls short.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from turnout.errors import Overloaded

LARGE = 128 * 1024
"""Bytes. Larger requests are handled in a thread; smaller ones take a few milliseconds at most."""

_THREADS = 2  # more threads would delay the loop more
_MOST_WAITING = 64

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class WorkerThreads:
    """A few threads for the work of one process. ``close`` ends them."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="turnout-worker-thread")
        self._entering = 0

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def enter(
        self, work: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Result:
        """Runs the first work on a request. Raises ``Overloaded`` when too many requests wait for it."""
        if self._entering >= _MOST_WAITING:
            raise Overloaded(f"{_MOST_WAITING} large requests are waiting to be read. Try again in a moment.")
        self._entering += 1
        try:
            return await self.run(work, *args, **kwargs)
        finally:
            self._entering -= 1

    async def run_if(
        self, large: bool, work: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Result:
        """Runs large work in a thread, and other work at once in the event loop."""
        return await self.run(work, *args, **kwargs) if large else work(*args, **kwargs)

    async def run(self, work: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        """Runs more work on a request that has entered. Work does not start when its caller was cancelled before."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(work, *args, **kwargs))
