"""The metrics of several worker processes, added up by the worker that is scraped.

Each worker keeps a copy of its tally in a file, in a folder that this run of the server has made. The file of a dead
worker stays, so that no counter ever goes back. Only the requests that it had in flight and the states of its
deployments no longer count.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from .exposition import exposition
from .metrics import CacheTally, MarkTally, Metrics, Tally

SHARED_FOLDER_VARIABLE = "TURNOUT_METRICS_DIR"
"""The variable with the folder's path. ``turnout serve`` sets it for its workers."""

INTERVAL = 0.5  # seconds; another worker's numbers may be as old as this

_DECODER = msgspec.msgpack.Decoder(Tally)


class SharedMetrics:
    """``folder`` is None for a single process, which has nothing to share."""

    def __init__(self, metrics: Metrics, folder: Path | None) -> None:
        self._metrics = metrics
        self._file = folder / f"{os.getpid()}.tally" if folder else None

    async def run(self) -> None:
        """Writes the copy again and again until cancelled, and a last time then."""
        if self._file is None:
            return
        try:
            while True:
                self.publish()
                await asyncio.sleep(INTERVAL)
        finally:
            self.publish()

    def publish(self) -> bytes:
        """Writes the copy, if there is a folder. Returns it."""
        self._metrics.take_states()
        copy = msgspec.msgpack.encode(self._metrics.tally)
        if self._file is not None:
            draft = self._file.with_suffix(".draft")
            draft.write_bytes(copy)
            draft.replace(self._file)
        return copy

    async def exposition(self) -> bytes:
        """The sum of all workers' tallies, as text. It is built in a thread, while requests go on.

        This worker's copy is written first: a counter that was shown doesn't go back after a crash.
        """
        return await asyncio.to_thread(self._exposition, self.publish())

    async def marked(self) -> Mapping[str, tuple[str, MarkTally]]:
        """The deployments with a mark, by id: their state, and what all workers have under way there."""
        if not self._metrics.marks():
            return {}
        total = await asyncio.to_thread(self._total, self.publish())
        return {id_: (mark.told(total.processes), mark) for id_, mark in total.marks.items()}

    async def cache(self) -> CacheTally:
        """What all workers have counted of their caches."""
        return (await asyncio.to_thread(self._total, self.publish())).cache

    def _exposition(self, own: bytes) -> bytes:
        return exposition(self._total(own))

    def _total(self, own: bytes) -> Tally:
        total = _DECODER.decode(own)
        if self._file is not None:
            for file in self._file.parent.glob("*.tally"):
                if file != self._file:
                    total.add(_read(file))
        return total


def _read(file: Path) -> Tally:
    tally = _DECODER.decode(file.read_bytes())
    if not _is_alive(int(file.stem)):
        tally.in_flight = 0
        tally.breakers = {}
        tally.marks = {}
        tally.cache.entries = tally.cache.bytes = 0
        tally.processes = 0
    return tally


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:  # no such process, or another user's, which got the number of a dead worker
        return False
    return True
