"""Tells when the configuration's files may have changed, however they are changed.

The folders are watched, not the files: editors replace a file by renaming another one, and Kubernetes swaps a symbolic
link beside it. Where the system doesn't tell of changes (network file systems), a look every few seconds finds them.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final

import watchfiles

LOOK_MS: Final = 5000

Signature = tuple[tuple[int, int, int] | None, ...]


def signature(paths: Sequence[Path]) -> Signature:
    """Differs when a file's content may differ; None for a file that isn't there."""
    return tuple(_stat(path) for path in paths)


def _stat(path: Path) -> tuple[int, int, int] | None:
    try:
        stat = os.stat(path)
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


async def changes(paths: Sequence[Path], seen: Signature) -> AsyncIterator[Signature]:
    """The new signature each time it is another one than before, the first time than ``seen``."""
    while True:
        folders = _folders(paths)
        async for _ in watchfiles.awatch(
            *folders, watch_filter=None, rust_timeout=LOOK_MS, yield_on_timeout=True, recursive=False
        ):
            now = signature(paths)
            if now != seen:
                seen = now
                yield now
            if _folders(paths) != folders:  # a symbolic link points elsewhere now
                break


def _folders(paths: Sequence[Path]) -> set[Path]:
    near = {path.absolute().parent for path in paths} | {path.resolve().parent for path in paths}
    return {folder for folder in near if folder.is_dir()}
