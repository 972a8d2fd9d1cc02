"""Moves what the journal holds into the database, a few times a second, off the requests' way."""

from __future__ import annotations

import asyncio
from pathlib import Path

from turnout.telemetry import Condition

from .journal import Journal
from .lines import Ended, read_ended
from .segment import Segment, read_lines
from .store import LazyStore, Store

INTERVAL = 0.2
"""Seconds between two rounds of settling: how old the database may be."""


class Settler:
    """Reads the journal's files from their beginning and removes those that are done.

    It reads what was written, always, instead of being handed it: so an overload or a failing database leaves records
    on disk and not in memory, and there is one way for every record.

    An attempt is settled once because its id is a key of the table: what is read a second time, after a crash between
    the commit and the removal of the file, isn't let in. So no position has to be kept anywhere.
    """

    def __init__(self, journal: Journal, store: LazyStore) -> None:
        self.condition = Condition("The ledger's database", "Requests go on; their records wait in the journal.")
        self.settled = 0
        self.corrupt = 0
        self._journal = journal
        self._store = store

    async def settle(self) -> None:
        """Settles what has been written until now. Raises ``StorageUnavailable``, ``OSError``."""
        self._journal.mend()
        store = await self._store.ready()
        for segment in list(self._journal.unsettled):
            written = segment.size
            while segment.settled < written:
                segment.settled = await self._settle_some(store, segment, written)
            if segment is not self._journal.unsettled[-1] and segment.settled == segment.size:
                self._journal.discard(segment)

    async def _settle_some(self, store: Store, segment: Segment, written: int) -> int:
        """How far the segment is settled now."""
        ended, next_line = await asyncio.to_thread(_read, segment.path, segment.settled)
        if next_line == segment.settled:
            return written  # the rest is the first part of a line that the disk refused, and will be written anew
        if ended.attempts:
            self.settled += await store.insert(ended.attempts)
        self.corrupt += ended.corrupt
        return next_line


def _read(path: Path, offset: int) -> tuple[Ended, int]:
    lines, next_line = read_lines(path, offset)
    return read_ended(lines), next_line
