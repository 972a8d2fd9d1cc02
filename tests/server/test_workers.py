"""The parent of several serving processes: what it starts, replaces and tidies up."""

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


def end_at_once(command_line: CommandLine, listener: socket.socket, folder: Path, asked: socket.socket | None) -> None:
    """A worker that fails while it starts."""
    os._exit(3)


def live_on(command_line: CommandLine, listener: socket.socket, folder: Path, asked: socket.socket | None) -> None:
    """A worker that has nothing to do."""
    signal.pause()


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """With a short path, as it is for a socket."""
    with tempfile.TemporaryDirectory(prefix="t-") as path:
        monkeypatch.setattr(tempfile, "tempdir", path)
        yield Path(path)


def run(parent: Workers) -> None:
    """And gives the signals back to pytest."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:
        parent.run()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def test_the_pause_has_an_end() -> None:
    assert [workers._pause(failures) for failures in (0, 1, 2, 5000)] == [0, 0.2, 0.4, workers.LONGEST_PAUSE]


def test_workers_that_die_at_their_start_are_started_again_more_and_more_rarely(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "_work", end_at_once)
    monkeypatch.setattr(workers, "STEADY_SECONDS", 600.0)  # on a busy machine a start takes longer than usual
    parent = Workers(CommandLine(), socket.socket(), 1, drain=0.1)
    pauses: list[float] = []

    def died(*told: object, **more: object) -> None:
        pauses.append(parent._not_before - time.monotonic())
        if len(pauses) == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(workers._log, "error", died)
    run(parent)
    assert all(most / 2 < pause <= most for pause, most in zip(pauses, (0.2, 0.4, 0.8), strict=True))
    assert list(temporary.iterdir()) == []


def test_a_parent_whose_workers_all_live_waits(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would keep a core busy if it didn't."""
    monkeypatch.setattr(workers, "_work", live_on)
    parent = Workers(CommandLine(), socket.socket(), 2, drain=0.1)
    patience: list[float] = []

    def waiting(things: list[Any], timeout: float) -> list[Any]:
        if len(things) == 3:  # two workers, and the pipe that signals come through
            patience.append(timeout)
            os.kill(os.getpid(), signal.SIGTERM)
        return wait(things, timeout)

    monkeypatch.setattr(workers, "wait", waiting)
    run(parent)
    assert patience[0] == 1.0
