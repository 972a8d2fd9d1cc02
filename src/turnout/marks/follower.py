"""Every process's side: what it plans with are the marks that the control process has."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from turnout.errors import ControlError
from turnout.host import Control
from turnout.routing import Board, Mark

from .file import path_in, read_marks
from .keeper import LONGEST_WAIT
from .sheet import CHANGE, NEWER, MarkChange, MarkedLoad, MarkSheet

_NEWER_MS: Final = (LONGEST_WAIT + 10) * 1000
_CHANGE_MS: Final = 5000.0
_PAUSE: Final = 0.2  # seconds until a control process that didn't answer is asked again


class MarkFollower:
    """Begins with the marks in the data directory's file: so no request is planned without them.

    As long as the control process doesn't answer, the last known marks hold.
    """

    def __init__(self, control: Control, board: Board, data_dir: Path) -> None:
        self._control = control
        self._board = board
        marks, _ = read_marks(path_in(data_dir))  # the control process reports what is wrong with the file
        self._adopt(MarkSheet(0, marks))

    async def run(self) -> None:
        """Follows the control process until cancelled."""
        while True:
            try:
                self._adopt(await self._control.ask(NEWER, self.sheet.version, deadline_ms=_NEWER_MS))
            except ControlError:  # `/health` tells of it
                await asyncio.sleep(_PAUSE)

    async def change(self, deployment: str, state: Mark | None, by: str) -> MarkSheet:
        """Marks ``deployment`` in every process. Raises ``ControlError``."""
        self._adopt(await self._control.ask(CHANGE, MarkChange(deployment, state, by), deadline_ms=_CHANGE_MS))
        return self.sheet

    def loads(self) -> Sequence[MarkedLoad]:
        """What is still under way in this process where an admin has set a mark."""
        under_way = self._board.under_way(self.sheet.marks)
        return [MarkedLoad(id_, mark, under_way[id_]) for id_, mark in self.sheet.marks.items()]

    def _adopt(self, sheet: MarkSheet) -> None:
        self.sheet = sheet
        self._board.marks = {id_: mark.state for id_, mark in sheet.marks.items()}
