"""The folder that the processes of one service share while it runs, ``<temporary>/turnout-run-<pid>-<random>/``.

Only its owner may look into it. Each process holds a shared lock on it. The kernel lets go of a lock when its process
dies, however it dies: who can take the lock alone knows that nobody uses the folder any more, and removes it.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from contextlib import suppress
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock
from pathlib import Path
from typing import Final

_NAME: Final = re.compile(r"turnout-run-\d+-\w+")
_CONTROL: Final = "control"
_MOST_ADDRESS: Final = 100
"""Bytes of a socket's path: Linux takes 107, macOS 103."""

_SHORT: Final = Path("/tmp")  # noqa: S108 - where the usual folder's path is too long; what is made in it is private


class HostFolder:
    """Made by ``new_host_folder``, or from the path of one that is there: raises ``OSError`` if it is gone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.control = path / _CONTROL
        self._fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        flock(self._fd, LOCK_SH)

    def remove(self) -> None:
        """For who knows that all the others have ended."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._fd)

    def leave(self) -> None:
        """Removes the folder if no other process uses it."""
        _remove_if_unused(self.path, self._fd)
        os.close(self._fd)


def new_host_folder() -> HostFolder:
    while True:
        path = Path(tempfile.mkdtemp(prefix=f"turnout-run-{os.getpid()}-", dir=_place()))
        with suppress(FileNotFoundError):  # another service starts in this instant, and found it unused
            folder = HostFolder(path)
            if path.exists():
                return folder
            folder.leave()


def remove_orphans() -> None:
    """Removes the folders of services that were killed with all their processes."""
    for path in _place().iterdir():
        if _NAME.fullmatch(path.name):
            with suppress(OSError):  # another user's, no folder, or just removed
                _remove_if_orphaned(path)


def _remove_if_orphaned(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        if os.fstat(fd).st_uid == os.geteuid():
            _remove_if_unused(path, fd)
    finally:
        os.close(fd)


def _place() -> Path:
    """The temporary folder, if the path of a socket in a folder of ours fits."""
    usual = Path(tempfile.gettempdir())
    longest = usual / "turnout-run-4194304-12345678" / _CONTROL
    return usual if len(os.fsencode(longest)) <= _MOST_ADDRESS else _SHORT


def _remove_if_unused(path: Path, fd: int) -> None:
    try:
        flock(fd, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        return
    shutil.rmtree(path, ignore_errors=True)
