"""Several serving processes that share a port. The parent starts them, replaces them when they die, and stops them.

Number 0 is the control process, which owns what there must be one of (``turnout.host``). The parent holds its socket,
so a worker that connects while it is replaced waits for the next control process.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType
from typing import Final

import structlog

from turnout.config import CommandLine
from turnout.errors import ConfigError
from turnout.gateway import GatewaySetup
from turnout.host import (
    HostFolder,
    RemoteControl,
    ServedControl,
    control_listener,
    new_host_folder,
    remove_orphans,
)
from turnout.telemetry import SHARED_FOLDER_VARIABLE, configure_logs

from . import process

_log = structlog.get_logger(__name__)
_spawning = multiprocessing.get_context("spawn")

STEADY_SECONDS: Final = 5.0
"""A worker that lived for so long did not fail at its start."""

LONGEST_PAUSE: Final = 10.0
_KILL_AFTER: Final = 15.0  # seconds beyond the drain
_CONTROL: Final = 0  # the number of the control process


class Workers:
    """``number`` processes on ``listener``; ``drain`` is how many seconds each may take to stop."""

    def __init__(self, command_line: CommandLine, listener: socket.socket, number: int, drain: float) -> None:
        self._command_line = command_line
        self._listener = listener
        self._number = number
        self._drain = drain
        self._workers: dict[BaseProcess, int] = {}  # the processes, and the number of each
        self._started: dict[BaseProcess, float] = {}
        self._failures = 0  # workers in a row that died soon after their start
        self._not_before = 0.0  # the time of the next start
        self._stop_at: float | None = None  # the time at which the remaining workers are killed
        self._signals: list[int] = []
        self._woken, self._waker = os.pipe()

    def run(self) -> None:
        """Runs until SIGTERM or SIGINT. SIGHUP goes to the workers, which read the configuration again."""
        remove_orphans()
        folder = new_host_folder()
        os.environ[SHARED_FOLDER_VARIABLE] = str(folder.path)
        try:
            with control_listener(folder.control) as control:
                self._run(folder.path, control)
        finally:
            folder.remove()

    def _run(self, folder: Path, control: socket.socket) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        try:
            while self._stop_at is None or self._workers:
                self._handle_signals()
                self._remove_dead_workers()
                if self._stop_at is None:
                    self._start_missing_workers(folder, control)
                elif time.monotonic() > self._stop_at:
                    self._for_each_worker(BaseProcess.kill)
                wait([self._woken, *(worker.sentinel for worker in self._workers)], timeout=self._seconds_to_wait())
        finally:
            self._for_each_worker(BaseProcess.kill)
            self._for_each_worker(BaseProcess.join)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._signals.append(number)
        os.write(self._waker, b"!")

    def _handle_signals(self) -> None:
        while self._signals:
            number = self._signals.pop(0)
            if number != signal.SIGHUP and self._stop_at is None:
                self._listener.close()  # else new clients would wait, and no worker would answer them
                self._stop_at = time.monotonic() + self._drain + _KILL_AFTER
                _log.info("stopping", workers=len(self._workers), drain_seconds=self._drain)
            for worker in self._workers:
                if worker.pid is not None:
                    with contextlib.suppress(ProcessLookupError):  # it has just died
                        os.kill(worker.pid, signal.SIGHUP if number == signal.SIGHUP else signal.SIGTERM)
        if wait([self._woken], timeout=0):
            os.read(self._woken, 4096)

    def _seconds_to_wait(self) -> float:
        """The time until the next start of a worker, or until the next check."""
        missing = self._stop_at is None and len(self._workers) < self._number
        return max(0.0, self._not_before - time.monotonic()) if missing else 1.0

    def _start_missing_workers(self, folder: Path, control: socket.socket) -> None:
        if time.monotonic() < self._not_before:
            return
        for number in sorted({*range(self._number)} - {*self._workers.values()}):
            if self._signals:
                return
            questions = control if number == _CONTROL else None
            worker = _spawning.Process(target=_work, args=(self._command_line, self._listener, folder, questions))
            worker.start()
            self._workers[worker] = number
            self._started[worker] = time.monotonic()

    def _remove_dead_workers(self) -> None:
        for worker in [worker for worker in self._workers if not worker.is_alive()]:
            number = self._workers.pop(worker)
            now = time.monotonic()
            self._failures = 0 if now - self._started.pop(worker) > STEADY_SECONDS else self._failures + 1
            self._not_before = now + _pause(self._failures)
            if self._stop_at is None:
                role = "the control process" if number == _CONTROL else "a worker"
                _log.error(f"{role} died and is replaced", pid=worker.pid, exit_code=worker.exitcode)
            worker.join()

    def _for_each_worker(self, action: Callable[[BaseProcess], None]) -> None:
        for worker in self._workers:
            action(worker)


def _pause(failures: int) -> float:
    """Seconds before the next start, after so many workers in a row that died at their start."""
    return min(LONGEST_PAUSE, 0.1 * 2 ** min(failures, 10)) if failures else 0.0


def _work(command_line: CommandLine, listener: socket.socket, folder: Path, questions: socket.socket | None) -> None:
    """The main function of a worker. When its parent dies it ends too, and the last worker removes the folder.

    The control process gets ``questions``, its listening socket. The others get None, and ask over ``folder``.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # until the event loop listens
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    shared = HostFolder(folder)
    control = RemoteControl(shared.control) if questions is None else ServedControl(questions)
    try:
        setup = GatewaySetup(command_line, control)
    except ConfigError as error:  # the file was changed since the service started
        _log.error("a worker can't start", error=error.message)
        sys.exit(2)
    configure_logs(setup.settings.log.level, setup.settings.log.format)
    parent = multiprocessing.parent_process()
    if parent is None:
        raise RuntimeError("a worker has a parent")
    process.run(setup, listener, parent.sentinel)
    if not parent.is_alive():
        shared.leave()
