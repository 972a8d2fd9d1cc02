"""How many tokens a request has: its provider's own count where its wire has one, else Turnout's."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence

import msgspec

from turnout.core import (
    AttemptEnd,
    AttemptStart,
    CountRequest,
    Deployment,
    Model,
    Product,
    StreamEvent,
    TokenCount,
    whole,
)
from turnout.errors import Unsupported, UpstreamError
from turnout.providers import Provider
from turnout.routing import Board, Plan
from turnout.routing.planner import plan
from turnout.ticker import Ticker
from turnout.tokens import count
from turnout.transport import Transport
from turnout.worker_threads import WorkerThreads

from .call import Call, Models, question_of
from .engine import Engine

_log = logging.getLogger(__name__)


class Count(msgspec.Struct, frozen=True):
    """``events`` hold the count, or a provider's own reply. ``attempts`` is 0 when no provider was asked."""

    deployment: Deployment
    events: Sequence[StreamEvent]
    source: str = "reported"
    attempts: int = 0


class TokenCounter:
    """Asks the deployment that the request itself would go to first. Counting costs nothing, so nothing is recorded."""

    def __init__(
        self,
        providers: Mapping[str, Provider],
        transport: Transport,
        *,
        board: Board,
        ticker: Ticker,
        worker_threads: WorkerThreads,
        max_reply_bytes: int,
    ) -> None:
        self._board = board
        unrecorded = _Unrecorded()
        self._engine = Engine(
            providers,
            transport,
            recorder=unrecorded,
            meter=unrecorded,
            board=Board(),  # a count says nothing about answers
            ticker=ticker,
            worker_threads=worker_threads,
            max_reply_bytes=max_reply_bytes,
        )

    async def count(self, call: Call, request: CountRequest, models: Models) -> Count:
        """``request`` is the call's. Raises ``UpstreamError`` when the provider finds a mistake in the request."""
        model = models.find(request.model)
        first = plan(model, question_of(call), self._board, models.find, probes=False).candidates[0]
        try:
            return await self._reported(call, Plan(request.model, (first,)), model)
        except Unsupported:
            pass  # a wire without such an operation
        except UpstreamError as error:
            if not error.elsewhere:
                raise
            _log.info("%s could not count tokens, so they are counted here: %s", first.deployment.id, error)
        counted = await asyncio.to_thread(_count, request, first.deployment)
        return Count(first.deployment, (Product(counted),), counted.source)

    async def _reported(self, call: Call, planned: Plan, model: Model) -> Count:
        reply = await self._engine.follow(planned, call, model)
        try:
            return Count(reply.deployment, await reply.read_all(), attempts=reply.attempts)
        finally:
            await reply.leave()


def _count(request: CountRequest, deployment: Deployment) -> TokenCount:
    return count(whole(request.chat), deployment)


class _Unrecorded:
    """A recorder and a meter that keep nothing."""

    def begin(self, start: AttemptStart) -> None: ...

    def meter(self, so_far: AttemptEnd) -> None: ...

    def end(self, end: AttemptEnd) -> None: ...

    def attempt_ended(self, start: AttemptStart, end: AttemptEnd, left_out: int = 0) -> None: ...
