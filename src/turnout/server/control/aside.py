"""Work that grows with the number of models: beside the event loop, and one piece at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Aside:
    """With ten thousand models a list takes half a second. Several at once would leave the event loop no turn."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(1)

    async def __call__(self, work: Callable[[], T]) -> T:
        async with self._turn:
            return await asyncio.to_thread(work)
