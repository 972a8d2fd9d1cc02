"""The parent of several serving processes starts them, replaces them, and removes their folder."""

from __future__ import annotations

import os
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import pytest

from turnout.config import CommandLine
from turnout.server import workers
from turnout.server.workers import Workers


def end_at_once(
    command_line: CommandLine, listener: socket.socket, folder: Path, questions: socket.socket | None
) -> None:
    """A worker that fails while it starts."""
    os._exit(3)


def wait_for_signals(
    command_line: CommandLine, listener: socket.socket, folder: Path, questions: socket.socket | None
) -> None:
    """A worker that has nothing to do."""
    signal.pause()


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary folder with a short path, because a socket is in it."""
    with tempfile.TemporaryDirectory(prefix="t-") as path:
        monkeypatch.setattr(tempfile, "tempdir", path)
        yield Path(path)


def run(parent: Workers) -> None:
    """Runs ``parent``, and then restores pytest's handlers of signals."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:
        parent.run()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def test_the_pause_is_bounded() -> None:
    assert [workers._pause(failures) for failures in (0, 1, 2, 5000)] == [0, 0.2, 0.4, workers.LONGEST_PAUSE]


def test_the_pauses_grow_between_starts_of_workers_that_die_at_once(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "_work", end_at_once)
    monkeypatch.setattr(workers, "STEADY_SECONDS", 600.0)  # on a busy machine a start takes longer than usual
    parent = Workers(CommandLine(), socket.socket(), 1, drain=0.1)
    pauses: list[float] = []

    def on_death(*args: object, **fields: object) -> None:
        pauses.append(parent._not_before - time.monotonic())
        if len(pauses) == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(workers._log, "error", on_death)
    run(parent)
    assert all(most / 2 < pause <= most for pause, most in zip(pauses, (0.2, 0.4, 0.8), strict=True))
    assert list(temporary.iterdir()) == []


def test_a_parent_whose_workers_all_live_waits(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise it would keep a core busy."""
    monkeypatch.setattr(workers, "_work", wait_for_signals)
    parent = Workers(CommandLine(), socket.socket(), 2, drain=0.1)
    timeouts: list[float] = []

    def recording_wait(sentinels: list[Any], timeout: float) -> list[Any]:
        if len(sentinels) == 3:  # two workers, and the pipe that signals come through
            timeouts.append(timeout)
            os.kill(os.getpid(), signal.SIGTERM)
        return wait(sentinels, timeout)

    monkeypatch.setattr(workers, "wait", recording_wait)
    run(parent)
    assert timeouts[0] == 1.0
