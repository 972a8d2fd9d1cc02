"""The clients of the chaos: each request on a socket of its own, some of which are closed early."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from typing import Final

from scripts.chaos.asked import Asked, asked
from scripts.chaos.stage import Served
from tests.simulator.raw import send

UNANSWERED: Final = "unanswered"
PATIENCE: Final = 30.0
"""Seconds after which a request counts as unanswered."""
MOST_UNDER_WAY: Final = 200


class Load:
    """Sends ``requests`` requests to the servers, spread over ``seconds``. ``ends`` counts what became of them.

    ``asked`` are those that were sent, by mark.
    """

    def __init__(self, servers: Sequence[Served], *, requests: int, seconds: float, seed: int) -> None:
        self.ends: Counter[str] = Counter()
        self.asked: dict[str, Asked] = {}
        self._servers = servers
        self._requests = requests
        self._seconds = seconds
        self._seed = seed
        self._choose = random.Random(seed)  # noqa: S311  # the same choices each time
        self._room = asyncio.Semaphore(MOST_UNDER_WAY)

    async def run(self) -> None:
        """Returns when every request has ended."""
        began = time.monotonic()
        async with asyncio.TaskGroup() as clients:
            for number in range(self._requests):
                await asyncio.sleep(began + number * self._seconds / self._requests - time.monotonic())
                await self._room.acquire()
                each = asked(number, self._seed)
                self.asked[each.mark] = each
                client = clients.create_task(self._ask(each))
                client.add_done_callback(lambda _: self._room.release())

    async def _ask(self, each: Asked) -> None:
        up = [served.server for served in self._servers if served.server is not None]
        if not up:
            self.ends["no server"] += 1
            return
        server = self._choose.choice(up)
        try:
            self.ends[await _asked_of(server.url, each)] += 1
        except OSError as error:
            self.ends[type(error).__name__] += 1


async def _asked_of(url: str, each: Asked) -> str:
    """What became of it: the reply's status, or how the client left it."""
    path, body = each.http()
    reader, writer = await send(url + path, body, {"x-session-id": each.mark, "connection": "close"})
    status = "no reply"
    try:
        async with asyncio.timeout(PATIENCE if each.seconds is None else each.seconds):
            reads = 0
            while reads != each.reads and (data := await reader.read(65536)):
                status = data.split(b" ", 2)[1].decode() if reads == 0 else status
                reads += 1
    except TimeoutError:
        return UNANSWERED if each.seconds is None else "left"
    finally:
        writer.transport.abort() if each.abruptly else writer.close()
    return "left" if each.reads is not None else status
