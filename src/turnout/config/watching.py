"""Notices changes of the configuration files.

It looks at the files once a second. So it notices renamed files, replaced symbolic links, and changes on mounted
volumes and network file systems. The operating system's watcher misses the last ones. It costs 11 MB and five times
the CPU.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final

LOOK_SECONDS: Final = 1.0

Signature = tuple[tuple[int, int, int, int] | None, ...]


def signature(paths: Sequence[Path]) -> Signature:
    """Changes when the content of a file can have changed. None stands for a missing file."""
    return tuple(_stat(path) for path in paths)


def _stat(path: Path) -> tuple[int, int, int, int] | None:
    try:
        stat = os.stat(path)
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_dev, stat.st_ino


async def changes(
    paths: Sequence[Path], last: Signature, look_seconds: float = LOOK_SECONDS
) -> AsyncIterator[Signature]:
    """Yields the new signature after each change. The first comparison is with ``last``.

    A change counts when a second look finds the same signature: nobody is writing the file any more.
    """
    while True:
        current = signature(paths)
        if current != last:
            await asyncio.sleep(look_seconds / 10)
            if signature(paths) == current:
                last = current
                yield current
                continue
        await asyncio.sleep(look_seconds)
