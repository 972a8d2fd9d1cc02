"""The control process's side: it has the marks, and tells every process when they change."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from turnout.errors import Conflict, InvalidRequest
from turnout.host import Handlers

from .file import path_in, read_marks, write_marks
from .sheet import CHANGE, LONGEST_ID, MOST_MARKS, NEWER, HandMark, MarkChange, MarkSheet

LONGEST_WAIT: Final = 20.0
"""Seconds until a process that waits for a change is told that there is none."""

_log = logging.getLogger(__name__)


class MarkKeeper:
    """Begins with the marks in the data directory's file."""

    def __init__(self, data_dir: Path) -> None:
        self._path = path_in(data_dir)
        marks, problem = read_marks(self._path)
        self._sheet = MarkSheet(time.time_ns(), marks, problem)  # the control process before had another number
        self._changed = asyncio.Event()
        self._writing = threading.Lock()

    def answer_with(self, handlers: Handlers) -> None:
        handlers.add(NEWER, self.newer)
        handlers.add(CHANGE, self.change)

    async def newer(self, known: int) -> MarkSheet:
        """The marks: at once if their version isn't ``known``, else after the next change or ``LONGEST_WAIT``."""
        if self._sheet.version == known:
            with suppress(TimeoutError):
                async with asyncio.timeout(LONGEST_WAIT):
                    await self._changed.wait()
        return self._sheet

    async def change(self, change: MarkChange) -> MarkSheet:
        """The marks after the change. It holds from now on, also if the file can't be written."""
        self._publish(_changed(self._sheet.marks, change), self._sheet.problem)
        _log.info("deployment marked by hand: %s is %s", change.deployment, change.state or "not marked any more")
        problem = await asyncio.to_thread(self._write)
        if problem != self._sheet.problem:
            self._publish(self._sheet.marks, problem)
        return self._sheet

    def _write(self) -> str | None:
        """Writes the marks of now: so the last one who writes has the newest."""
        with self._writing:
            return write_marks(self._path, self._sheet.marks)

    def _publish(self, marks: dict[str, HandMark], problem: str | None) -> None:
        if problem is not None and problem != self._sheet.problem:
            _log.error("%s", problem)
        self._sheet = MarkSheet(self._sheet.version + 1, marks, problem)
        self._changed.set()
        self._changed = asyncio.Event()


def _changed(marks: Mapping[str, HandMark], change: MarkChange) -> dict[str, HandMark]:
    """Raises ``Conflict`` and ``InvalidRequest``. A mark that is there already keeps its time."""
    others = {id_: mark for id_, mark in marks.items() if id_ != change.deployment}
    if change.state is None:
        return others
    if len(others) >= MOST_MARKS:
        raise Conflict(f"{MOST_MARKS} deployments are marked, and no more can be: take away a mark first.")
    if len(change.deployment) > LONGEST_ID:
        raise InvalidRequest(f"An id of more than {LONGEST_ID} characters can't be marked.")
    mark = marks.get(change.deployment)
    if mark is None or mark.state != change.state:
        mark = HandMark(change.state, int(time.time()), change.by)
    return others | {change.deployment: mark}
