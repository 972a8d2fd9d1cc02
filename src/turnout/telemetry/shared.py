"""Metrics of several worker processes, added up by whichever of them is asked.

Each worker keeps a copy of its tally in a file of the run's own folder. A worker that died leaves its file, so that no
counter ever goes back; only what it had in flight is gone.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import msgspec

from .exposition import exposition
from .metrics import Metrics, Tally

SHARED_FOLDER_VARIABLE = "TURNOUT_METRICS_DIR"
"""Names the folder; set by ``turnout serve`` for its workers."""

INTERVAL = 0.5  # seconds; how old another worker's numbers may be

_DECODER = msgspec.msgpack.Decoder(Tally)


class SharedMetrics:
    """``folder`` None: there is one process, and nothing to share."""

    def __init__(self, metrics: Metrics, folder: Path | None) -> None:
        self._metrics = metrics
        self._file = folder / f"{os.getpid()}.tally" if folder else None

    async def run(self) -> None:
        """Keeps the copy fresh until cancelled, and leaves the last word."""
        if self._file is None:
            return
        try:
            while True:
                self.publish()
                await asyncio.sleep(INTERVAL)
        finally:
            self.publish()

    def publish(self) -> bytes:
        """The copy, for whom it may concern."""
        copy = msgspec.msgpack.encode(self._metrics.tally)
        if self._file is not None:
            draft = self._file.with_suffix(".draft")
            draft.write_bytes(copy)
            draft.replace(self._file)
        return copy

    async def exposition(self) -> bytes:
        """What everybody counted, as text. Requests go on meanwhile; what was told outlives a crash, so that no counter
        goes back.
        """
        return await asyncio.to_thread(self._exposition, self.publish())

    def _exposition(self, own: bytes) -> bytes:
        total = _DECODER.decode(own)
        if self._file is not None:
            for file in self._file.parent.glob("*.tally"):
                if file != self._file:
                    total.add(_read(file))
        return exposition(total)


def _read(file: Path) -> Tally:
    tally = _DECODER.decode(file.read_bytes())
    if not _is_alive(int(file.stem)):
        tally.in_flight = 0
    return tally


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:  # nobody, or a process of another user that was given the number of a worker that died
        return False
    return True
