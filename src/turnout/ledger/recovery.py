"""Settles what processes left behind that have died."""

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
"""Seconds between two looks. A worker that dies is found by the others, whether or not it is started again."""

_log = logging.getLogger("turnout.ledger")


class Recovery:
    """Attempts that had ended are settled as they ended, the others as ``lost``. ``corrupt``: lines not understood."""

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
        """Looks for dead processes. Raises ``StorageUnavailable``, and ``OSError`` after it has tried every one."""
        failure: OSError | None = None
        for path in sorted(self._root.iterdir()) if self._root.is_dir() else []:
            try:
                with dead_process_folder(path) as home:
                    if home is not None:
                        await self._replay(home)
            except OSError as error:
                failure = error
        if failure is not None:
            raise failure

    async def _replay(self, home: ProcessFolder) -> None:
        store = await self._store.ready()
        before = self.settled, self.lost, self.corrupt
        under_way: dict[str, AttemptStart] = {}
        for path in home.segments():
            await self._replay_segment(store, path, under_way)
        lost = [EndedAttempt(start, None) for start in under_way.values()]
        self.lost += await store.insert(lost)
        home.remove()
        found = (now - then for now, then in zip((self.settled, self.lost, self.corrupt), before, strict=True))
        _log.warning("A process had died: %d attempts settled, %d lost, %d lines unreadable.", *found)

    async def _replay_segment(self, store: Store, path: Path, under_way: dict[str, AttemptStart]) -> None:
        offset = 0
        while True:
            started, ended, next_line = await asyncio.to_thread(_read, path, offset)
            if next_line == offset:
                return  # at the end, or at a line that was torn when the process died
            offset = next_line
            under_way.update((start.attempt_id, start) for start in started if start is not None)
            for attempt in ended.attempts:
                under_way.pop(attempt.start.attempt_id, None)
            self.settled += await store.insert(ended.attempts)
            self.corrupt += ended.corrupt + started.count(None)


def _read(path: Path, offset: int) -> tuple[list[AttemptStart | None], Ended, int]:
    lines, next_line = read_lines(path, offset)
    return list(read_started(lines)), read_ended(lines), next_line
