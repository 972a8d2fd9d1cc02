"""A second attempt while the first one is silent for unusually long: the answer that begins first is the client's."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from turnout.core import Deployment, StreamEvent
from turnout.errors import Unreadable, Unsupported, UpstreamError
from turnout.routing import Board

from .attempt import Attempt
from .call import OUTRUN, Call
from .plan_walk import PlanWalk

MOST_EXTRA: Final = 0.05
"""So many more attempts than requests, at most."""

_SAVED: Final = 10.0
"""Second attempts that may be saved up while none is needed."""

Opened = tuple[Attempt, Sequence[StreamEvent]]
Open = Callable[[Call, Deployment, PlanWalk], Awaitable[Opened]]


class Hedging:
    """For all requests of a process: their second attempts share one budget. ``save`` once for each request."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._allowed = 0.0

    def save(self) -> None:
        """Adds what one request allows to the budget."""
        self._allowed = min(self._allowed + MOST_EXTRA, _SAVED)

    def delay(self, deployment: Deployment) -> float | None:
        """After how many seconds of silence a second attempt is made. None: not now, or not enough is known."""
        return self._board.of(deployment).learned.slow_first_token() if self._may_spend() else None

    async def race(self, call: Call, first: Deployment, delay: float, walk: PlanWalk, open_at: Open) -> Opened | None:
        """The attempt that begins first; None when ``first`` failed, and the second one too. Both are told to ``walk``.

        The loser is cancelled at once, and settled as ``outrun``.
        """
        runners = {_run(open_at(call, first, walk)): first}
        try:
            await asyncio.wait(runners, timeout=delay)
            is_late = not next(iter(runners)).done()
            if is_late and self._may_spend() and (second := walk.take()) is not None:
                self._allowed -= 1
                runners[_run(open_at(call, second, walk))] = second
            return await _first_to_begin(runners, walk)
        except asyncio.CancelledError as cancelled:
            await _stop(runners, *cancelled.args)
            raise
        finally:
            await _stop(runners, OUTRUN)

    def _may_spend(self) -> bool:
        """Asked again when the first attempt is late: others that were late at the same time may have spent it."""
        return self._allowed >= 1


async def _first_to_begin(runners: dict[asyncio.Task[Opened], Deployment], walk: PlanWalk) -> Opened | None:
    while runners:
        done, _ = await asyncio.wait(runners, return_when=asyncio.FIRST_COMPLETED)
        for runner in done:
            deployment = runners.pop(runner)
            try:
                return runner.result()
            except (UpstreamError, Unsupported, Unreadable) as error:
                walk.failed(deployment, error)
    return None


def _run(opening: Awaitable[Opened]) -> asyncio.Task[Opened]:
    return asyncio.ensure_future(opening)


async def _stop(runners: dict[asyncio.Task[Opened], Deployment], *reason: object) -> None:
    """Cancels those that still run, and waits until their attempts are settled."""
    for runner in runners:
        runner.cancel(*reason)
    if runners:
        await asyncio.wait(runners)
        for runner in runners:
            if not runner.cancelled() and runner.exception() is None:  # it began as it was cancelled
                await runner.result()[0].leave("outrun")
    runners.clear()
