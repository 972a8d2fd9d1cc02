"""Moves the journal's attempts into the database, a few times a second, while no request waits for it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from turnout.telemetry import Condition

from .journal import Journal
from .lines import Ended, read_ended
from .observer import Told
from .segment import Segment, read_lines
from .store import LazyStore, Store

INTERVAL = 0.2
"""Seconds between two rounds. The database is behind by about as much."""


class Settler:
    """Reads the journal's files from their beginning and removes the files that are settled.

    It always reads the files; nobody hands it records. So with an overload or a failing database the records are on
    disk and not in memory, and all records take one way.

    The table's key lets an attempt in once. So a file may be read a second time, after a crash between the commit and
    the file's removal, and no position has to be stored.
    """

    def __init__(self, journal: Journal, store: LazyStore, told: Told | None = None) -> None:
        self.condition = Condition("The ledger's database", "Requests go on; their records wait in the journal.")
        self.settled = 0
        self.corrupt = 0
        self._told = told or Told(None)
        self._turn = asyncio.Lock()
        self._journal = journal
        self._store = store

    async def settle(self) -> None:
        """Settles everything that is written by now. Raises ``StorageUnavailable`` and ``OSError``."""
        async with self._turn:
            await self._settle()

    async def _settle(self) -> None:
        self._journal.resume()
        is_written = not self._journal.held()
        batch = self._told.begin_batch()
        store = await self._store.ready()
        for segment in list(self._journal.unsettled):
            written = segment.size
            while segment.settled < written:
                segment.settled = await self._settle_some(store, segment, written)
            if segment is not self._journal.unsettled[-1] and segment.settled == segment.size:
                self._journal.discard(segment)
        if is_written:  # else some of the batch isn't even in the journal
            await self._told.settled(batch)

    async def _settle_some(self, store: Store, segment: Segment, written: int) -> int:
        """Settles some lines. Returns how many bytes of the segment are settled now."""
        ended, next_line = await asyncio.to_thread(_read, segment.path, segment.settled)
        if next_line == segment.settled:
            return written  # the rest is a cut-off line: the disk refused its end, and the next file has it whole
        if ended.attempts:
            self.settled += await store.insert(ended.attempts)
        self.corrupt += ended.corrupt
        return next_line


def _read(path: Path, offset: int) -> tuple[Ended, int]:
    lines, next_line = read_lines(path, offset)
    return read_ended(lines), next_line
