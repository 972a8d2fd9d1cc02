"""Answers in this process's memory. When it is full, those go that nobody has asked for the longest."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from .entry import Labels
from .store import Purge, Sizes

_OVERHEAD: Final = 400
"""Bytes of memory that an entry takes beside its own, measured with 100,000 of them."""

_LARGEST_SHARE: Final = 8
"""An answer that takes more than one part in so many of all memory would drive out too many others."""

_PURGED_AT_ONCE: Final = 5_000


class _Slot(msgspec.Struct, frozen=True, gc=False):
    entry: bytes
    labels: Labels
    expires: float


class MemoryStore:
    """It holds bytes, which Python's garbage collector doesn't look at: a full cache costs other requests nothing.

    ``clock`` gives seconds that never go back.
    """

    name = "memory"
    error: str | None = None

    def __init__(self, most_bytes: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most_bytes
        self._clock = clock
        self._slots: OrderedDict[bytes, _Slot] = OrderedDict()
        self._bytes = 0

    def get(self, keys: Sequence[bytes]) -> Sequence[bytes | None]:
        now = self._clock()
        return [self._one(key, now) for key in keys]

    def put(self, key: bytes, entry: bytes, labels: Labels, seconds: float) -> None:
        size = len(entry) + _OVERHEAD
        if size > self._most // _LARGEST_SHARE:
            return
        self._drop(key)
        self._bytes += size
        while self._bytes > self._most:
            _, oldest = self._slots.popitem(last=False)
            self._bytes -= len(oldest.entry) + _OVERHEAD
        self._slots[key] = _Slot(entry, labels, self._clock() + seconds)

    async def connect(self) -> None:
        """It is there."""

    async def purge(self, purge: Purge) -> int:
        purged = 0
        for number, (key, slot) in enumerate(list(self._slots.items())):
            if number % _PURGED_AT_ONCE == _PURGED_AT_ONCE - 1:
                await asyncio.sleep(0)  # other requests go on
            if purge.concerns(slot.labels) and self._slots.get(key) is slot:
                self._drop(key)
                purged += 1
        return purged

    def sizes(self) -> Sizes:
        return Sizes(len(self._slots), self._bytes)

    async def close(self) -> None:
        self._slots.clear()

    def _one(self, key: bytes, now: float) -> bytes | None:
        slot = self._slots.get(key)
        if slot is None:
            return None
        if slot.expires <= now:
            self._drop(key)
            return None
        self._slots.move_to_end(key)
        return slot.entry

    def _drop(self, key: bytes) -> None:
        slot = self._slots.pop(key, None)
        if slot is not None:
            self._bytes -= len(slot.entry) + _OVERHEAD
