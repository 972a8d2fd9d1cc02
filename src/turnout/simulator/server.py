"""Starts the simulator, in the background of tests or until a signal stops it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial

from .connection import Connection
from .exchange import Manners, respond
from .log import Attempt, Log

BACKLOG = 4096


class Simulator:
    """A running simulator. ``url`` has no path: ``http://127.0.0.1:40123``."""

    def __init__(self, url: str, log: Log) -> None:
        self.url = url
        self._log = log

    @property
    def attempts(self) -> Sequence[Attempt]:
        """The attempts in the log, the oldest first. Open ones still change."""
        return tuple(self._log.attempts)

    def clear(self) -> None:
        """Clears the log, and the counts for ``times-K``."""
        self._log.clear()


@asynccontextmanager
async def start(
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    first_token: float = 0,
    between_tokens: float = 0,
    lenient: bool = False,
) -> AsyncIterator[Simulator]:
    """Serves inside the context. Port 0 takes a free one. The latencies are seconds.

    ``lenient``: it answers what the vendors refuse by their rules (``rules/``).
    """
    log, connections = Log(), set[Connection]()
    manners = Manners(first=round(first_token * 1000), between=round(between_tokens * 1000), lenient=lenient)
    responder = partial(respond, log=log, manners=manners)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(responder, connections), host, port, backlog=BACKLOG)
    try:
        bound_host, bound_port, *_ = server.sockets[0].getsockname()
        yield Simulator(f"http://{f'[{bound_host}]' if ':' in bound_host else bound_host}:{bound_port}", log)
    finally:
        server.close()
        tasks = [connection.task for connection in connections if connection.task]
        for connection in tuple(connections):
            connection.abort()
        await asyncio.gather(*tasks, return_exceptions=True)


async def serve(
    host: str = "127.0.0.1",
    port: int = 9001,
    *,
    first_token: float = 0,
    between_tokens: float = 0,
    lenient: bool = False,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serves until cancelled. Calls ``on_ready`` with the URL when it listens."""
    async with start(host, port, first_token=first_token, between_tokens=between_tokens, lenient=lenient) as simulator:
        if on_ready:
            on_ready(simulator.url)
        await asyncio.Event().wait()


def run(
    host: str = "127.0.0.1",
    port: int = 9001,
    *,
    first_token: float = 0,
    between_tokens: float = 0,
    lenient: bool = False,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serves until SIGINT or SIGTERM in this process, with as many connections as the system allows."""
    _allow_connections()

    async def main() -> None:
        task = asyncio.current_task()
        if task and sys.platform != "win32":
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        await serve(
            host, port, first_token=first_token, between_tokens=between_tokens, lenient=lenient, on_ready=on_ready
        )

    with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError), asyncio.Runner(loop_factory=_loop()) as runner:
        runner.run(main())


def _loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    import uvloop  # Windows doesn't have it

    return uvloop.new_event_loop


def _allow_connections() -> None:
    """Raises the limit of open files from the usual 1,024 to this user's maximum."""
    if sys.platform == "win32":
        return
    import resource  # Windows doesn't have it

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
