"""A process's own folder in the journal, ``<pid>-<nanoseconds>/``. The process holds a lock on it while it lives.

The kernel releases the lock when the process dies, however it dies. So a process that gets the lock of another one's
folder knows that the owner is dead.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import Final

UNNAMED: Final = "."
"""The beginning of the name of a folder that is being made. Nobody has written into it."""


class ProcessFolder:
    """A locked folder. ``new_process_folder`` and ``dead_process_folder`` make it."""

    def __init__(self, path: Path) -> None:
        """Raises ``FileNotFoundError``, or ``BlockingIOError`` when another process has the lock."""
        self.path = path
        self._fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            flock(self._fd, LOCK_EX | LOCK_NB)
        except OSError:
            os.close(self._fd)
            raise

    def segment(self, number: int) -> Path:
        return self.path / f"{number:08}.log"

    def segments(self) -> list[Path]:
        """In the order in which they were written."""
        return sorted(self.path.glob("*.log"))

    def empty(self) -> None:
        """Removes the segments."""
        for path in self.segments():
            path.unlink()

    def remove(self) -> None:
        """Removes the folder unless something else than segments is in it."""
        self.empty()
        with suppress(OSError):
            self.path.rmdir()

    def rename(self, path: Path) -> None:
        self.path = self.path.rename(path)

    def unlock(self) -> None:
        os.close(self._fd)


def new_owner() -> str:
    """A name for this process and its folder. No other process has ever had it."""
    return f"{os.getpid()}-{time.time_ns()}"


def new_process_folder(root: Path, name: str) -> ProcessFolder:
    """Raises ``OSError`` when the folder can't be made.

    It gets its name when it is locked: no recovery ever takes the name for that of a dead process.
    """
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    while True:
        path = root / f"{UNNAMED}{name}"
        path.mkdir(exist_ok=True, mode=0o700)
        with suppress(BlockingIOError, FileNotFoundError):  # a recovery took the new folder before we locked it
            folder = ProcessFolder(path)
            try:
                folder.rename(root / name)
            except OSError:
                folder.unlock()
                raise
            return folder


@contextmanager
def dead_process_folder(path: Path) -> Iterator[ProcessFolder | None]:
    """The folder at ``path``, locked until the end; None if its owner lives, if it is gone, or if it isn't a folder."""
    try:
        folder = ProcessFolder(path)
    except (BlockingIOError, FileNotFoundError, NotADirectoryError):
        yield None
        return
    try:
        yield folder
    finally:
        folder.unlock()
