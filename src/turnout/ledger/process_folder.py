"""A process's own folder in the journal, ``<pid>-<when>/``. Its owner holds a lock on it for as long as it lives.

The kernel lets go of the lock when the process dies, however it dies: who can take it knows that the owner is dead.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path


class ProcessFolder:
    """A locked folder. Made by ``new_process_folder`` and ``dead_process_folder``."""

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

    def remove(self) -> None:
        """Removes the segments, and the folder unless something else is in it."""
        for path in self.segments():
            path.unlink()
        with suppress(OSError):
            self.path.rmdir()

    def leave(self) -> None:
        os.close(self._fd)


def new_process_folder(root: Path) -> ProcessFolder:
    """Raises ``OSError`` when the disk doesn't let us."""
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    while True:
        path = root / f"{os.getpid()}-{time.time_ns()}"
        path.mkdir(mode=0o700)
        with suppress(BlockingIOError, FileNotFoundError):  # a recovery was quicker than our lock: it is gone
            home = ProcessFolder(path)
            if path.exists():
                return home
            home.leave()


@contextmanager
def dead_process_folder(path: Path) -> Iterator[ProcessFolder | None]:
    """The folder at ``path``, locked meanwhile; None if its owner lives, if it is gone, or if it is no folder."""
    try:
        home = ProcessFolder(path)
    except (BlockingIOError, FileNotFoundError, NotADirectoryError):
        yield None
        return
    try:
        yield home
    finally:
        home.leave()
