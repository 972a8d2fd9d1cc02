"""Runs work that grows with the number of models in a thread, one piece at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class OneAtATime:
    """A list of ten thousand models takes half a second. Several lists at once would block the event loop."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(1)

    async def __call__(self, work: Callable[[], T]) -> T:
        async with self._free:
            return await asyncio.to_thread(work)
