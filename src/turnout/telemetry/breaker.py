"""Keeps requests away from a part of the service that doesn't answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from .condition import Condition

PROBE_SECONDS: Final = 1.0
"""Between two probes. A probe also connects, so it may take longer than what requests ask: as long as this."""

_FAILURES: Final = 3
"""In a row. Then no request asks any more."""


class Breaker:
    """``is_open``: nobody asks, but for a ``probe`` each second, beside the way of requests.

    ``probe`` returns why there is no answer, None if there is one. ``on_heal`` is called when there is one again.
    """

    def __init__(
        self,
        condition: Condition,
        probe: Callable[[], Awaitable[Exception | None]],
        on_heal: Callable[[], None] = lambda: None,
    ) -> None:
        self.is_open = False
        self._condition = condition
        self._probe = probe
        self._on_heal = on_heal
        self._failures = 0
        self._probing: asyncio.Task[None] | None = None

    def worked(self) -> None:
        self._failures = 0

    def failed(self, error: Exception) -> None:
        self._failures += 1
        if self._failures >= _FAILURES and not self.is_open:
            self.open(error)

    def open(self, error: Exception) -> None:
        """At once, until a probe has succeeded."""
        self._condition.broke(error)
        self.is_open = True
        if self._probing is None or self._probing.done():
            self._probing = asyncio.create_task(self._probe_until_healed())

    async def close(self) -> None:
        if self._probing is not None:
            self._probing.cancel()
            await asyncio.wait((self._probing,))

    async def _probe_until_healed(self) -> None:
        while (failure := await self._probe()) is not None:
            self._condition.broke(failure)
            await asyncio.sleep(PROBE_SECONDS)
        self._condition.works()
        self.is_open, self._failures = False, 0
        self._on_heal()
