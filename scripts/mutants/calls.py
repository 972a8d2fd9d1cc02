"""Records which functions of Turnout are called, and during which test.

Python loads this whenever it starts in a copy's virtual environment, so the servers that tests start are seen too. It
does nothing unless the copy has the file ``NOW``. It has the number of the running test.
"""

from __future__ import annotations

import mmap
import os
import struct
import sys
import threading
import zlib
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

RECORDS = Path(__file__).parents[2] / "records"
NOW = RECORDS / "now"
PAIR = struct.Struct("II")
"""The number of the test, and the id of the called function."""

_SOURCES = f"{Path(__file__).parents[2]}/src/"


def function_id(path: str, scope: str) -> int:
    """``path`` is relative to ``src``. ``scope`` is a qualified name; functions inside a function count as that one."""
    return zlib.crc32(f"{path}:{scope.partition('.<locals>')[0]}".encode())


class _Recorder:
    def __init__(self) -> None:
        with NOW.open("rb") as file:
            self._now = memoryview(mmap.mmap(file.fileno(), 4, prot=mmap.PROT_READ)).cast("I")
        self._file = os.open(RECORDS / f"{os.getpid()}.calls", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._identified: dict[
            int, tuple[int, CodeType]
        ] = {}  # by the id of the code, which stays valid while the code is kept here
        self._at = 0
        self._seen: set[int] = set()

    def called(self, frame: FrameType, event: str, arg: Any) -> None:
        """Python calls it at each call of a function. Its result None turns off the report of lines inside."""
        code = frame.f_code
        function, _ = self._identified.get(id(code)) or self._identify(code)
        if not function:
            return
        at = self._now[0]
        if at != self._at:
            self._at, self._seen = at, set()
        if function not in self._seen:
            self._seen.add(function)
            os.write(self._file, PAIR.pack(at, function))

    def _identify(self, code: CodeType) -> tuple[int, CodeType]:
        path = code.co_filename
        ours = path.startswith(_SOURCES) and code.co_name != "<module>"
        identified = (function_id(path.removeprefix(_SOURCES), code.co_qualname) if ours else 0, code)
        self._identified[id(code)] = identified
        return identified


if NOW.exists():
    _recorder = _Recorder()
    threading.settrace(_recorder.called)
    sys.settrace(_recorder.called)
