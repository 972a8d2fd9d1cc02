"""Questions that somebody is asking right now: who asks the same waits for that answer."""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import Final

from .entry import Entry


class Alone(Enum):
    """The answer is for one client only, so those that wait ask for themselves."""

    ALONE = "alone"


ALONE: Final = Alone.ALONE

Landed = Entry | Alone | None
"""An answer for all; nothing, because the one that asked has failed or left: then the next one asks."""


class Flight:
    def __init__(self, flights: dict[bytes, Flight], key: bytes) -> None:
        self._flights = flights
        self._key = key
        self._landed: asyncio.Future[Landed] = asyncio.get_running_loop().create_future()
        flights[key] = self

    async def wait(self, seconds: float) -> Landed:
        """``ALONE`` after so many seconds."""
        done, _ = await asyncio.wait((self._landed,), timeout=seconds)
        return self._landed.result() if done else ALONE

    def land(self, landed: Landed) -> None:
        """Call it once or more often: the first call counts."""
        if not self._landed.done():
            self._landed.set_result(landed)
            del self._flights[self._key]


class Flights:
    """Of this process, by the question's key."""

    def __init__(self) -> None:
        self._under_way: dict[bytes, Flight] = {}

    def find(self, key: bytes) -> Flight | None:
        return self._under_way.get(key)

    def begin(self, key: bytes) -> Flight:
        return Flight(self._under_way, key)
