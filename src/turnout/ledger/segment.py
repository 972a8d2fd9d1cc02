"""One file of a journal."""

from __future__ import annotations

import os
from pathlib import Path

READ_BYTES = 512 * 1024
"""About 1,000 attempts: what one transaction takes, and all that settling ever holds in memory."""


class Segment:
    """``size`` bytes were written, of which ``settled`` need no reading any more."""

    __slots__ = ("path", "settled", "size")

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self.settled = 0


def create(path: Path, content: bytes) -> int:
    """A new file that begins with ``content``, open for appending. Raises ``OSError`` and leaves nothing behind."""
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        while content:
            content = content[os.write(fd, content) :]
    except OSError:
        os.close(fd)
        path.unlink()
        raise
    return fd


def read_lines(path: Path, offset: int) -> tuple[list[bytes], int]:
    """Some whole lines from ``offset`` on, and where the next one begins. None are left when the list is empty.

    A line without its end is one that is still being written, or was torn by a crash.
    """
    with path.open("rb") as file:
        file.seek(offset)
        data = file.read(READ_BYTES) + file.readline()
    whole = data[: data.rfind(b"\n") + 1]
    return whole.split(b"\n")[:-1], offset + len(whole)


def lines_with(wanted: bytes, path: Path, offset: int = 0) -> list[bytes]:
    """The whole lines from ``offset`` on that hold ``wanted``; none of a file that is gone, as it is settled then."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read()  # a few megabytes at most
    except OSError:
        return []
    if wanted not in data:
        return []
    return [line for line in data[: data.rfind(b"\n") + 1].split(b"\n") if wanted in line]
