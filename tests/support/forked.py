"""Starts Turnout without the second of CPU in which Python loads it: ``fork_server.py`` has it loaded, and forks."""

from __future__ import annotations

import fcntl
import json
import os
import select
import socket
import subprocess
import sys
import termios
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_TURNOUT = Path(sys.executable).with_name("turnout")
_ENVIRON = {**os.environ}  # before a test changes it
_asking = threading.Lock()
Streams = tuple[int, int, int]
"""Files: a program's standard input, output and error. A terminal as input is the one whose Ctrl-C reaches it."""


def start(command: Sequence[str], streams: Streams, environ: Mapping[str, str]) -> Forked | subprocess.Popen[bytes]:
    """A program in a session of its own, forked if possible."""
    if may_be_forked(command, environ):
        return Forked(command, streams, environ)
    given, output, errors = streams
    take = _take_terminal if os.isatty(given) else None
    return subprocess.Popen(
        command, stdin=given, stdout=output, stderr=errors, env=environ, start_new_session=True, preexec_fn=take
    )


def may_be_forked(command: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Turnout itself may, unless Python is told something that it reads when it starts.

    Linux only: a fork of a process with macOS's own libraries may crash.
    """
    told = any(name.startswith("PYTHON") and value != _ENVIRON.get(name) for name, value in environ.items())
    return sys.platform == "linux" and Path(command[0]) == _TURNOUT and not told


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Forked:
    """What ``subprocess.Popen`` is for a program with a session of its own, as far as tests need it."""

    def __init__(self, command: Sequence[str], streams: Streams, environ: Mapping[str, str]) -> None:
        """``command`` begins with the path of a Python script."""
        self.args = [*command]
        self.returncode: int | None = None
        self._keeper, theirs = socket.socketpair()
        request = {"command": self.args, "environ": dict(environ), "folder": str(Path.cwd())}
        with theirs, _asking:
            socket.send_fds(_server(), [json.dumps(request).encode() + b"\n"], [*streams, theirs.fileno()])
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
