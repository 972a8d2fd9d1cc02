"""Measures how long the event loop waits for its next turn, in processor time, so other programs don't matter."""

from __future__ import annotations

import asyncio
import time

import msgspec


class LoopWatch:
    """``longest`` are seconds of processor time that this process spent between two turns of the loop.

    A watched loop never sleeps. So a callback, or a thread with the interpreter's lock, has spent all of that time.
    """

    def __init__(self) -> None:
        self.longest = 0.0
        self._running = False
        self._last = 0.0

    def __enter__(self) -> LoopWatch:
        self._loop = asyncio.get_running_loop()
        self._running = True
        self._last = time.process_time()
        self._loop.call_soon(self._turn)
        return self

    def __exit__(self, *exception: object) -> None:
        self._running = False

    def _turn(self) -> None:
        now = time.process_time()
        self.longest = max(self.longest, now - self._last)
        self._last = now
        if self._running:
            self._loop.call_soon(self._turn)


def reading(size: int) -> float:
    """The seconds of processor time in which this machine decodes a text of ``size`` bytes: the best of some tries."""
    body = b'"%s"' % (b"x" * size)
    return min(_seconds(body) for _ in range(5))


def _seconds(body: bytes) -> float:
    began = time.process_time()
    msgspec.json.decode(body)
    return time.process_time() - began
