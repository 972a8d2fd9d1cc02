"""A process that has Turnout loaded, and forks a program of it for each request. ``forked.py`` asks it.

A request is a line of JSON. With it come the program's standard input, output and error, and a socket on which a keeper
tells its pid and its end. The keeper is the program's parent, as the tests can't be.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import importlib
import os
import runpy
import signal
import socket
import sys
import termios

import msgspec

LOADED = (
    *("turnout.cli", "turnout.server.run", "turnout.simulator", "turnout.cli.chat.once", "turnout.library"),
    *("sqlalchemy.ext.asyncio", "aiosqlite", "asyncpg"),
)
"""What commands load when they start, and a server when the first request comes."""


class Request(msgspec.Struct):
    """``command`` begins with the path of a Python script."""

    command: list[str]
    environ: dict[str, str]
    folder: str


def serve(asking: socket.socket) -> None:
    """Until nobody can ask any more. Also returns at the end of each program, in its process."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the keepers
    while received := _receive(asking):
        request, files = received
        if os.fork() == 0:
            asking.close()
            _keep(request, *files)
            return
        for file in files:
            os.close(file)


def _receive(asking: socket.socket) -> tuple[Request, list[int]] | None:
    line, files, _, _ = socket.recv_fds(asking, 65536, 4)
    while line and not line.endswith(b"\n"):
        line += asking.recv(65536)
    return (msgspec.json.decode(line, type=Request), files) if line else None


def _keep(request: Request, *files: int) -> None:
    """Returns in the program's process only. As its parent it leaves a zombie until the tests have read of the end.

    So nobody else gets a pid to which the tests may still send signals.
    """
    *streams, telling = files
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        os.close(telling)
        _run(request, streams)
        return
    for stream in streams:
        os.close(stream)
    tests = socket.socket(fileno=telling)
    tests.sendall(b"%d\n" % pid)
    end = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert end
    with contextlib.suppress(ConnectionError):  # they need not want to know
        tests.sendall(b"%d\n" % (end.si_status if end.si_code == os.CLD_EXITED else -end.si_status))
        tests.recv(1)
    os.waitpid(pid, 0)
    os._exit(0)


def _run(request: Request, streams: list[int]) -> None:
    """What Python and ``subprocess`` do at the start of a program."""
    os.setsid()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    if os.isatty(0):
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    _open_streams()
    os.environ.clear()
    os.environ.update(request.environ)
    os.chdir(request.folder)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = request.command
    runpy.run_path(request.command[0], run_name="__main__")


def _open_streams() -> None:
    """Those of the fork server have no terminal or other files behind them, and go by that."""
    encoding = sys.stdout.encoding
    sys.stdin = open(0, encoding=encoding, errors=sys.stdin.errors, closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding=encoding, errors=sys.stdout.errors, closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", 1, encoding=encoding, errors="backslashreplace", closefd=False)  # noqa: SIM115


if __name__ == "__main__":
    for name in LOADED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # so that the forks go on sharing it
    serve(socket.socket(fileno=int(sys.argv[1])))
