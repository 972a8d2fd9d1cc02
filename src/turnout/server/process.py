"""One serving process: its start, its signals and its end."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
from typing import Final

import structlog
import uvloop

from turnout.gateway import GatewaySetup

from .application import opened_application
from .http import HttpServer

_log = structlog.get_logger(__name__)

_OTHER_FILES: Final = 1000
_OTHERS_SECONDS: Final = (
    12.0  # after the drain: another process takes 10 s at most to end its answers; the parent kills after 15
)


def run(setup: GatewaySetup, listener: socket.socket, parent: int | None = None) -> None:
    """Serves the connections to ``listener`` until SIGTERM or SIGINT. SIGHUP makes it read the configuration again.

    ``parent`` is a file descriptor. When it becomes readable, the parent process has ended, and this one stops.

    The control process leaves last: the others may ask it while they drain.
    """
    _allow_many_connections(setup.settings.server.max_connections)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(setup, listener, parent))


async def _serve(setup: GatewaySetup, listener: socket.socket, parent: int | None) -> None:
    loop = asyncio.get_running_loop()
    stop = _Stop(loop, setup)
    if parent is None:
        stop.listen_to(signal.SIGINT)
    else:  # a terminal's Ctrl-C reaches the parent too, which passes it on as SIGTERM
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        stop.stop_when_readable(parent)
    bounds = setup.settings.server
    async with setup.control.opened(), setup.open() as gateway, opened_application(gateway) as app:
        server = HttpServer(app, bounds)
        await server.start(listener)
        await stop.requested.wait()
        deadline = loop.time() + bounds.drain + _OTHERS_SECONDS
        stop.on_repeat = server.hurry
        await server.drain(bounds.drain)
        await _wait_for_the_others(setup, deadline - loop.time())
    _log.info("stopped", pid=os.getpid())


async def _wait_for_the_others(setup: GatewaySetup, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await setup.control.until_alone()
    except TimeoutError:
        _log.warning("the control process stops while others still ask it")


class _Stop:
    """The first signal to stop sets ``requested``; each later one calls ``on_repeat``."""

    def __init__(self, loop: asyncio.AbstractEventLoop, setup: GatewaySetup) -> None:
        self.requested = asyncio.Event()
        self.on_repeat = self.requested.set
        self._loop = loop
        self._setup = setup
        self._reloading: asyncio.Task[bool] | None = None
        self.listen_to(signal.SIGTERM)
        loop.add_signal_handler(signal.SIGHUP, self._reload)

    def listen_to(self, number: signal.Signals) -> None:
        self._loop.add_signal_handler(number, self._on_stop_signal)

    def stop_when_readable(self, parent: int) -> None:
        self._loop.add_reader(parent, self._on_parent_end, parent)

    def _on_parent_end(self, parent: int) -> None:
        self._loop.remove_reader(parent)
        _log.warning("the parent process has ended, so this one stops")
        self.requested.set()

    def _on_stop_signal(self) -> None:
        if self.requested.is_set():
            self.on_repeat()
        else:
            _log.info("stopping", drain_seconds=self._setup.settings.server.drain)
            self.requested.set()

    def _reload(self) -> None:
        self._reloading = self._loop.create_task(self._setup.catalog.reload())


def _allow_many_connections(number: int) -> None:
    """Raises the limit of open files: a client is one, and the connection to its provider is another."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = 2 * number + _OTHER_FILES
    if hard != resource.RLIM_INFINITY:
        needed = min(needed, hard)
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
