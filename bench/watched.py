"""Turnout, which tells at a local socket how many tasks and sockets it has: ``python -m bench.watched SOCKET serve …``.

Nothing else of it differs: a thread answers, and only when it is asked.
"""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import sys
import threading
from pathlib import Path

import msgspec

from turnout.cli import main


class Held(msgspec.Struct):
    """What a process holds: asyncio's tasks that aren't done, and open sockets."""

    tasks: int
    sockets: int


def held_by(address: Path) -> Held:
    """Asks a process that was started with that socket."""
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(10)
        asking.connect(str(address))
        return msgspec.json.decode(asking.recv(1000), type=Held)


def _tell(listening: socket.socket) -> None:
    while True:
        asking, _ = listening.accept()
        with asking:
            asking.sendall(msgspec.json.encode(Held(_tasks(), _sockets())))


def _tasks() -> int:
    return sum(isinstance(one, asyncio.Task) and not one.done() for one in gc.get_objects())


def _sockets() -> int:
    links = (Path("/proc/self/fd") / name for name in os.listdir("/proc/self/fd"))
    return sum(os.readlink(link).startswith("socket:") for link in links if link.is_symlink())


if __name__ == "__main__":
    at = socket.socket(socket.AF_UNIX)
    at.bind(sys.argv.pop(1))
    at.listen()
    threading.Thread(target=_tell, args=(at,), daemon=True).start()
    main()
