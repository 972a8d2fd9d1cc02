"""Starts a program under test, waits for it, reads its log and stops it."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from tests.support.forked import start

T = TypeVar("T")

START_SECONDS = 20.0
STOP_SECONDS = 15.0
POLL_SECONDS = 0.02
LOG_TAIL = 6000  # characters
PASSED_VARIABLES = ("PATH", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV")
"""The variables that a program under test gets. It gets no keys and no proxies, so it finds no real service."""

running: list[Program] = []
"""The programs that run. A failed test shows their logs."""


def free_port() -> int:
    """A port on which no program listens at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(port: int, path: str) -> bool:
    """Whether a GET on this machine is answered with 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


class Program:
    """A subprocess whose output goes to ``log_path``. ``started_in`` is the seconds it took to become ready."""

    def __init__(
        self, name: str, command: Sequence[str | Path], log_path: Path, environ: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.log_path = log_path
        self.started_in = 0.0
        self._marked = 0
        self._began = time.monotonic()
        words = [str(word) for word in command]
        env = {k: os.environ[k] for k in PASSED_VARIABLES if k in os.environ} | dict(environ or {})
        with log_path.open("ab") as log, open(os.devnull, "rb") as nothing:
            self._process = start(words, (nothing.fileno(), log.fileno(), log.fileno()), env)
        running.append(self)

    @property
    def pid(self) -> int:
        return self._process.pid

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def mark_log(self) -> None:
        """Marks the beginning of a test's log. Each test calls it, so it doesn't read the log."""
        self._marked = self.log_path.stat().st_size

    def log_tail(self) -> str:
        """Enough of the log since the mark to see what went wrong."""
        with self.log_path.open("rb") as log:
            log.seek(self._marked)
            return log.read().decode(errors="replace")[-LOG_TAIL:]

    def wait_for(self, poll: Callable[[], T | None], description: str, seconds: float = START_SECONDS) -> T:
        """Calls ``poll`` until its result is true. Fails at once if the program ends."""
        deadline = time.monotonic() + seconds
        while not (value := poll()):
            if self._process.poll() is not None:
                raise AssertionError(
                    f"{self.name} ended with {self._process.returncode} before {description}:\n{self.log_tail()}"
                )
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.name}: no {description} within {seconds} s:\n{self.log_tail()}")
            time.sleep(POLL_SECONDS)
        return value

    def wait_until_ready(self, port: int, path: str) -> None:
        try:
            self.wait_for(lambda: answers(port, path), f"answer at {path}")
        except AssertionError:
            self.kill()
            raise
        self.started_in = time.monotonic() - self._began

    def wait_for_log(self, pattern: str, seconds: float = START_SECONDS) -> re.Match[str]:
        return self.wait_for(lambda: re.search(pattern, self.log()), f"'{pattern}' in its log", seconds)

    def wait(self, seconds: float | None = None) -> int:
        """The exit code, once it has ended by itself."""
        code = self._process.wait(STOP_SECONDS if seconds is None else seconds)
        self._forget()
        return code

    def stop(self) -> None:
        """Sends SIGTERM, and fails unless the program ends with 0 and in time."""
        self.signal(signal.SIGTERM)
        try:
            code = self.wait()
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(
                f"{self.name} was still running {STOP_SECONDS} s after SIGTERM:\n{self.log_tail()}"
            ) from None
        assert code == 0, f"{self.name} ended with {code} after SIGTERM:\n{self.log_tail()}"

    def kill(self) -> None:
        """Ends it and its children at once; nothing happens if it has ended already."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._forget()

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def _forget(self) -> None:
        if self in running:
            running.remove(self)
