"""A process that has Turnout loaded, and forks a program of it for each request. ``forked.py`` asks it.

A request is a line of JSON, with two files: the program's output, and a socket on which a keeper tells its pid and its
end. The keeper is the program's parent, as the tests can't be.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import runpy
import signal
import socket
import sys

import msgspec

LOADED = ("turnout.cli", "turnout.server.run", "turnout.simulator", "sqlalchemy.ext.asyncio", "aiosqlite", "asyncpg")
"""What a server loads when it starts, or when the first request comes."""


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
    line, files, _, _ = socket.recv_fds(asking, 65536, 2)
    while line and not line.endswith(b"\n"):
        line += asking.recv(65536)
    return (msgspec.json.decode(line, type=Request), files) if line else None


def _keep(request: Request, output: int, telling: int) -> None:
    """Returns in the program's process only. As its parent it leaves a zombie until the tests have read of the end.

    So nobody else gets a pid to which the tests may still send signals.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        os.close(telling)
        _run(request, output)
        return
    os.close(output)
    tests = socket.socket(fileno=telling)
    tests.sendall(b"%d\n" % pid)
    end = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert end
    with contextlib.suppress(ConnectionError):  # they need not want to know
        tests.sendall(b"%d\n" % (end.si_status if end.si_code == os.CLD_EXITED else -end.si_status))
        tests.recv(1)
    os.waitpid(pid, 0)
    os._exit(0)


def _run(request: Request, output: int) -> None:
    """What Python and ``subprocess`` do at the start of a program."""
    os.setsid()
    null = os.open(os.devnull, os.O_RDONLY)
    for file, number in ((null, 0), (output, 1), (output, 2)):
        os.dup2(file, number)
    os.close(null)
    os.close(output)
    os.environ.clear()
    os.environ.update(request.environ)
    os.chdir(request.folder)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = request.command
    runpy.run_path(request.command[0], run_name="__main__")


if __name__ == "__main__":
    for name in LOADED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # so that the forks go on sharing it
    serve(socket.socket(fileno=int(sys.argv[1])))
