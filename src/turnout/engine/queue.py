"""How many attempts a deployment has at once, and who waits for a turn.

Turns go to one key after the other, so that a key with many requests doesn't hold up the others. Among a key's own
requests those with priority come first.
"""

from __future__ import annotations

import asyncio
from collections import deque

from turnout.core import Deployment
from turnout.errors import DeploymentFull
from turnout.routing import Board

from .call import Call, question_of

_MANY = 4096  # queues; beyond it those that nobody uses are forgotten


class _Line:
    """The requests of one key that wait. A future that is done has left the line."""

    def __init__(self) -> None:
        self._premium: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()

    def add(self, turn: asyncio.Future[None], *, premium: bool) -> None:
        (self._premium if premium else self._others).append(turn)

    def take(self) -> asyncio.Future[None] | None:
        for turns in (self._premium, self._others):
            while turns:
                turn = turns.popleft()
                if not turn.done():
                    return turn
        return None


class Queue:
    """Of one deployment. ``enter`` before an attempt, ``leave`` after it."""

    def __init__(self) -> None:
        self.running = 0
        self.waiting = 0
        self._lines: dict[str, _Line] = {}  # by key; the next turn is the first one's

    async def enter(self, deployment: Deployment, call: Call, seconds: float, board: Board) -> None:
        """Waits for a turn. Raises ``DeploymentFull`` when too many wait already, or after ``seconds``."""
        concurrency = deployment.concurrency
        if concurrency is None or self.running < concurrency:
            self.running += 1
            return
        if self.waiting >= deployment.queue:
            raise DeploymentFull(deployment.id, f"{self.running} requests run there and {self.waiting} wait")
        turn = asyncio.get_running_loop().create_future()
        self._lines.setdefault(call.key.id, _Line()).add(turn, premium=question_of(call).premium)
        self._count(deployment, board, 1)
        try:
            async with asyncio.timeout(seconds):
                await turn
        except BaseException as left:
            if turn.done() and not turn.cancelled():
                self.leave()  # the turn came as it left
            turn.cancel()
            if isinstance(left, TimeoutError):
                raise DeploymentFull(deployment.id, f"no turn came within {seconds:g} s (timeouts.queue)") from None
            raise
        finally:
            self._count(deployment, board, -1)

    def leave(self) -> None:
        """Gives the turn to the next one who waits."""
        while self._lines:
            key = next(iter(self._lines))
            line = self._lines.pop(key)
            turn = line.take()
            if turn is not None:
                self._lines[key] = line  # behind the others
                turn.set_result(None)
                return
        self.running -= 1

    def _count(self, deployment: Deployment, board: Board, change: int) -> None:
        self.waiting += change
        board.waiting(deployment, self.waiting)


class Queues:
    """Those of all deployments that have a limit."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._queues: dict[str, Queue] = {}

    async def enter(self, deployment: Deployment, call: Call, seconds: float) -> Queue:
        """The queue to ``leave`` after the attempt. Raises ``DeploymentFull``."""
        queue = self._queues.get(deployment.id)
        if queue is None:
            queue = self._new(deployment)
        await queue.enter(deployment, call, seconds, self._board)
        return queue

    def _new(self, deployment: Deployment) -> Queue:
        if len(self._queues) >= _MANY:
            self._queues = {name: queue for name, queue in self._queues.items() if queue.running}
        queue = self._queues[deployment.id] = Queue()
        return queue
