"""One serving process: from its start through its signals to its end."""

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
_OTHERS_SECONDS: Final = 12.0  # beyond the drain: another process takes some 10 s at most to tell its clients the end


def run(setup: GatewaySetup, listener: socket.socket, parent: int | None = None) -> None:
    """Serves what connects to ``listener`` until SIGTERM or SIGINT, or until the process that holds the other end of
    ``parent``, a file descriptor, has ended. SIGHUP has the configuration read again.

    The control process leaves last: the others may ask it while they drain.
    """
    _allow_many_connections(setup.settings.server.max_connections)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(setup, listener, parent))


async def _serve(setup: GatewaySetup, listener: socket.socket, parent: int | None) -> None:
    stop = _Stop(asyncio.get_running_loop(), setup)
    if parent is None:
        stop.listen_to(signal.SIGINT)
    else:  # a terminal's Ctrl-C reaches the parent too, which passes it on as SIGTERM
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        stop.when_readable(parent)
    bounds = setup.settings.server
    async with setup.control.opened(), setup.open() as gateway, opened_application(gateway) as app:
        server = HttpServer(app, bounds)
        await server.start(listener)
        await stop.asked.wait()
        stop.again = server.hurry
        await server.drain(bounds.drain)
        await _wait_for_the_others(setup, bounds.drain + _OTHERS_SECONDS)
    _log.info("stopped", pid=os.getpid())


async def _wait_for_the_others(setup: GatewaySetup, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await setup.control.until_alone()
    except TimeoutError:
        _log.warning("the control process stops while others still ask it", after_seconds=seconds)


class _Stop:
    """``asked`` is set by the first signal to stop, ``again`` called by the next."""

    def __init__(self, loop: asyncio.AbstractEventLoop, setup: GatewaySetup) -> None:
        self.asked = asyncio.Event()
        self.again = self.asked.set
        self._loop = loop
        self._setup = setup
        self._reloading: asyncio.Task[bool] | None = None
        self.listen_to(signal.SIGTERM)
        loop.add_signal_handler(signal.SIGHUP, self._reload)

    def listen_to(self, number: signal.Signals) -> None:
        self._loop.add_signal_handler(number, self._ask)

    def when_readable(self, parent: int) -> None:
        self._loop.add_reader(parent, self._orphaned, parent)

    def _orphaned(self, parent: int) -> None:
        self._loop.remove_reader(parent)
        _log.warning("the parent process has ended, so this one stops")
        self.asked.set()

    def _ask(self) -> None:
        if self.asked.is_set():
            self.again()
        else:
            _log.info("stopping", drain_seconds=self._setup.settings.server.drain)
            self.asked.set()

    def _reload(self) -> None:
        self._reloading = self._loop.create_task(self._setup.catalog.reload())


def _allow_many_connections(number: int) -> None:
    """Each client is an open file, and the provider that it is answered from another: as many as the system allows."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * number + _OTHER_FILES
    if most != resource.RLIM_INFINITY:
        wanted = min(wanted, most)
    if allowed != resource.RLIM_INFINITY and allowed < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
