"""Starts Turnout without the second of CPU in which Python loads it: ``fork_server.py`` has it loaded, and forks."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_asking = threading.Lock()


class Forked:
    """What ``subprocess.Popen`` is for a program with a session of its own, as far as tests need it."""

    def __init__(self, command: Sequence[str], files: tuple[int, int, int], environ: Mapping[str, str]) -> None:
        """``command`` begins with the path of a Python script. ``files`` are its standard input, output and error.

        A terminal as input becomes the one whose Ctrl-C reaches the program.
        """
        self.args = [*command]
        self.returncode: int | None = None
        self._keeper, theirs = socket.socketpair()
        request = {"command": self.args, "environ": dict(environ), "folder": str(Path.cwd())}
        with theirs, _asking:
            socket.send_fds(_server(), [json.dumps(request).encode() + b"\n"], [*files, theirs.fileno()])
        self.pid = self._told()

    def poll(self) -> int | None:
        """The exit code, or None while it runs. It is negative if a signal has ended it."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def _ended(self, seconds: float | None) -> int | None:
        if self.returncode is None and select.select([self._keeper], [], [], seconds)[0]:
            self.returncode = self._told()
            self._keeper.close()
        return self.returncode

    def _told(self) -> int:
        line = b""
        while not line.endswith(b"\n"):
            piece = self._keeper.recv(1)
            assert piece, "the fork server has failed"
            line += piece
        return int(line)


@cache
def _server() -> socket.socket:
    """One for this process. When this process ends nobody can ask it any more, and it ends too."""
    ours, theirs = socket.socketpair()
    with theirs:
        subprocess.Popen(
            [sys.executable, "-m", "tests.support.fork_server", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            cwd=_ROOT,
        )
    return ours
