"""The folder that the processes of one service share while it runs, ``<temporary>/turnout-run-<pid>-<random>/``.

Only its owner may look into it. Each process holds a shared lock on it. The kernel releases the lock of a process when
the process ends in any way. A process that gets the exclusive lock knows that no other uses the folder, and removes it.
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
_LONGEST_SOCKET_PATH: Final = 100
"""Bytes of a socket's path: Linux takes 107, macOS 103."""

_SHORT_FOLDER: Final = Path("/tmp")  # noqa: S108 - used when the path of the usual folder is too long; the folder in it is private


class HostFolder:
    """Create it with ``new_host_folder``, or from the path of an existing one. Raises ``OSError`` if that is gone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.control = path / _CONTROL
        self._fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        flock(self._fd, LOCK_SH)

    def remove(self) -> None:
        """Removes the folder. Call it only when all other processes have ended."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._fd)

    def leave(self) -> None:
        """Removes the folder if no other process uses it."""
        _remove_if_unused(self.path, self._fd)
        os.close(self._fd)


def new_host_folder() -> HostFolder:
    while True:
        path = Path(tempfile.mkdtemp(prefix=f"turnout-run-{os.getpid()}-", dir=_parent_folder()))
        with suppress(FileNotFoundError):  # another service started at the same moment and removed it as unused
            folder = HostFolder(path)
            if path.exists():
                return folder
            folder.leave()


def remove_orphans() -> None:
    """Removes the folders of services that were killed with all their processes."""
    for path in _parent_folder().iterdir():
        if _NAME.fullmatch(path.name):
            with suppress(OSError):  # it is another user's, it is no folder, or it was just removed
                _remove_if_orphaned(path)


def _remove_if_orphaned(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        if os.fstat(fd).st_uid == os.geteuid():
            _remove_if_unused(path, fd)
    finally:
        os.close(fd)


def _parent_folder() -> Path:
    """The temporary folder, or ``/tmp`` if the path of our socket would be too long in it."""
    usual = Path(tempfile.gettempdir())
    longest = usual / "turnout-run-4194304-12345678" / _CONTROL
    return usual if len(os.fsencode(longest)) <= _LONGEST_SOCKET_PATH else _SHORT_FOLDER


def _remove_if_unused(path: Path, fd: int) -> None:
    try:
        flock(fd, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        return
    shutil.rmtree(path, ignore_errors=True)
