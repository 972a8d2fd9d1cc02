"""Settles the attempts in the journals of processes that have died."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import NamedTuple

from turnout.core import AttemptEnd, AttemptStart, EndedAttempt
from turnout.telemetry import Condition

from .lines import Ended, read_ended, read_metered, read_started
from .observer import Told
from .process_folder import UNNAMED, ProcessFolder, dead_process_folder
from .segment import read_lines
from .store import LazyStore, Store

INTERVAL = 5.0
"""Seconds between two searches. The other workers find a dead one, also when it isn't started again."""

_log = logging.getLogger("turnout.ledger")


class Recovery:
    """Settles attempts that had ended as they ended, the others as ``lost``, with what they had used by then as far as
    it was written down. ``corrupt`` counts lines it can't read.
    """

    def __init__(self, root: Path, store: LazyStore, told: Told | None = None) -> None:
        self.condition = Condition(
            "The ledger's recovery", "What a dead process left stays where it is until this is mended."
        )
        self.settled = 0
        self.lost = 0
        self.corrupt = 0
        self._root = root
        self._store = store
        self._told = told or Told(None)

    async def recover(self) -> None:
        """Searches for dead processes. Raises ``StorageUnavailable`` at once, ``OSError`` after it has tried all."""
        failure: OSError | None = None
        for path in sorted(self._root.iterdir()) if self._root.is_dir() else []:
            try:
                with dead_process_folder(path) as folder:
                    if folder is not None:
                        await self._settle(folder)
            except OSError as error:
                failure = error
        if failure is not None:
            raise failure

    async def _settle(self, folder: ProcessFolder) -> None:
        """A folder without files is one that is settled, and of which the observer doesn't know yet."""
        if folder.segments():
            await self._replay(folder)
        name = folder.path.name
        if name.startswith(UNNAMED) or await self._told.release(name):
            folder.remove()

    async def _replay(self, folder: ProcessFolder) -> None:
        store = await self._store.ready()
        counts_before = self.settled, self.lost, self.corrupt
        under_way: dict[str, EndedAttempt] = {}
        for path in folder.segments():
            await self._replay_segment(store, path, under_way)
        lost = list(under_way.values())
        self.lost += await store.insert(lost)
        folder.empty()
        counts = (self.settled, self.lost, self.corrupt)
        increases = (count - before for count, before in zip(counts, counts_before, strict=True))
        _log.warning("A process had died: %d attempts settled, %d lost, %d lines unreadable.", *increases)

    async def _replay_segment(self, store: Store, path: Path, under_way: dict[str, EndedAttempt]) -> None:
        offset = 0
        while True:
            read = await asyncio.to_thread(_read, path, offset)
            if read.next_line == offset:
                return  # the end of the file, or a line that the process did not finish
            offset = read.next_line
            read.update(under_way)
            self.settled += await store.insert(read.ended.attempts)
            self.corrupt += read.corrupt


class _Read(NamedTuple):
    """Some lines of a file, by kind, and where the next ones begin. None is a line that can't be read."""

    started: list[AttemptStart | None]
    metered: list[AttemptEnd | None]
    ended: Ended
    next_line: int

    @property
    def corrupt(self) -> int:
        return self.ended.corrupt + self.started.count(None) + self.metered.count(None)

    def update(self, under_way: dict[str, EndedAttempt]) -> None:
        """Adds and removes what these lines tell of the attempts under way. A new file begins with their starts."""
        for start in self.started:
            if start is not None:
                under_way.setdefault(start.attempt_id, EndedAttempt(start, None))
        for so_far in self.metered:
            if so_far is not None and (attempt := under_way.get(so_far.attempt_id)) is not None:
                under_way[so_far.attempt_id] = EndedAttempt(attempt.start, so_far)
        for ended in self.ended.attempts:
            under_way.pop(ended.start.attempt_id, None)


def _read(path: Path, offset: int) -> _Read:
    lines, next_line = read_lines(path, offset)
    return _Read(list(read_started(lines)), list(read_metered(lines)), read_ended(lines), next_line)
