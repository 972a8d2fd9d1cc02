"""One file of a journal."""

from __future__ import annotations

import os
from pathlib import Path

READ_BYTES = 512 * 1024
"""About 1,000 attempts. One transaction takes as many, and settling never holds more in memory."""


class Segment:
    """``size`` is the number of bytes written, ``settled`` the number of those whose attempts are in the database."""

    __slots__ = ("path", "settled", "size")

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self.settled = 0


def create(path: Path, content: bytes) -> int:
    """A new file with ``content``, open for appending. When this raises ``OSError``, it leaves no file behind."""
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
    """Some whole lines from ``offset`` on, and the offset of the next one. An empty list means that none are left.

    A line without a line feed is not read: it is still being written, or a crash cut it off.
    """
    with path.open("rb") as file:
        file.seek(offset)
        data = file.read(READ_BYTES) + file.readline()
    whole = data[: data.rfind(b"\n") + 1]
    return whole.split(b"\n")[:-1], offset + len(whole)


def lines_containing(text: bytes, path: Path, offset: int = 0) -> list[bytes]:
    """The whole lines from ``offset`` on that contain ``text``. None if the file is gone: then it is settled."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read()  # a few megabytes at most
    except OSError:
        return []
    if text not in data:
        return []
    return [line for line in data[: data.rfind(b"\n") + 1].split(b"\n") if text in line]
