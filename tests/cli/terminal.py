"""A person at a terminal: a program with a pseudo-terminal for its standard streams."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.forked import Forked, start

CTRL_C, CTRL_D = "\x03", "\x04"
PASTE = ("\x1b[200~", "\x1b[201~")
"""What terminals put around a pasted text."""

_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_SECONDS = 15.0


class Terminal:
    """``raw`` is all that was shown; ``text`` is the same without colours."""

    def __init__(self, process: Forked | subprocess.Popen[bytes], end: int) -> None:
        self._process = process
        self._end = end
        self._shown = b""
        self._seen = 0

    @property
    def raw(self) -> str:
        return self._shown.decode(errors="replace").replace("\r\n", "\n")

    @property
    def text(self) -> str:
        return _CODES.sub("", self.raw)

    def type(self, keys: str) -> None:
        os.write(self._end, keys.encode())

    def wait_for(self, text: str) -> None:
        """Until ``text`` is shown, after what was waited for before."""
        deadline = time.monotonic() + _SECONDS
        while (at := self.text.find(text, self._seen)) < 0:
            assert time.monotonic() < deadline, f"no '{text}' in:\n{self.text}"
            self._read()
        self._seen = at + len(text)

    def leave(self) -> int:
        """The exit status, once the program has ended by itself."""
        deadline = time.monotonic() + _SECONDS
        while self._process.poll() is None:
            assert time.monotonic() < deadline, f"still running:\n{self.text}"
            self._read()
        return self._process.wait()

    def _read(self) -> None:
        if select.select([self._end], [], [], 0.05)[0]:
            with contextlib.suppress(OSError):  # Linux's way to say that nobody is at the other end any more
                self._shown += os.read(self._end, 65536)


@contextmanager
def terminal(*command: str | Path) -> Iterator[Terminal]:
    ours, theirs = pty.openpty()
    environ = os.environ | {"TERM": "xterm-256color", "COLUMNS": "200"}
    process = start([str(word) for word in command], (theirs, theirs, theirs), environ)
    os.close(theirs)
    try:
        yield Terminal(process, ours)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        os.close(ours)
