"""Settles the attempts in the journals of processes that have died."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from turnout.core import AttemptStart, EndedAttempt
from turnout.telemetry import Condition

from .lines import Ended, read_ended, read_started
from .process_folder import ProcessFolder, dead_process_folder
from .segment import read_lines
from .store import LazyStore, Store

INTERVAL = 5.0
"""Seconds between two searches. The other workers find a dead one, also when it isn't started again."""

_log = logging.getLogger("turnout.ledger")


class Recovery:
    """Settles attempts that had ended as they ended, the others as ``lost``. ``corrupt`` counts lines it can't read."""

    def __init__(self, root: Path, store: LazyStore) -> None:
        self.condition = Condition(
            "The ledger's recovery", "What a dead process left stays where it is until this is mended."
        )
        self.settled = 0
        self.lost = 0
        self.corrupt = 0
        self._root = root
        self._store = store

    async def recover(self) -> None:
        """Searches for dead processes. Raises ``StorageUnavailable`` at once, ``OSError`` after it has tried all."""
        failure: OSError | None = None
        for path in sorted(self._root.iterdir()) if self._root.is_dir() else []:
            try:
                with dead_process_folder(path) as folder:
                    if folder is not None:
                        await self._replay(folder)
            except OSError as error:
                failure = error
        if failure is not None:
            raise failure

    async def _replay(self, folder: ProcessFolder) -> None:
        store = await self._store.ready()
        counts_before = self.settled, self.lost, self.corrupt
        under_way: dict[str, AttemptStart] = {}
        for path in folder.segments():
            await self._replay_segment(store, path, under_way)
        lost = [EndedAttempt(start, None) for start in under_way.values()]
        self.lost += await store.insert(lost)
        folder.remove()
        counts = (self.settled, self.lost, self.corrupt)
        increases = (count - before for count, before in zip(counts, counts_before, strict=True))
        _log.warning("A process had died: %d attempts settled, %d lost, %d lines unreadable.", *increases)

    async def _replay_segment(self, store: Store, path: Path, under_way: dict[str, AttemptStart]) -> None:
        offset = 0
        while True:
            started, ended, next_line = await asyncio.to_thread(_read, path, offset)
            if next_line == offset:
                return  # the end of the file, or a line that the process did not finish
            offset = next_line
            under_way.update((start.attempt_id, start) for start in started if start is not None)
            for attempt in ended.attempts:
                under_way.pop(attempt.start.attempt_id, None)
            self.settled += await store.insert(ended.attempts)
            self.corrupt += ended.corrupt + started.count(None)


def _read(path: Path, offset: int) -> tuple[list[AttemptStart | None], Ended, int]:
    lines, next_line = read_lines(path, offset)
    return list(read_started(lines)), read_ended(lines), next_line
