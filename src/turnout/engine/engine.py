"""The engine: asks a plan's deployments in turn, until one begins to answer."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Mapping, Sequence
from typing import Final

from msgspec import structs

from turnout.core import Change, ChatRequest, Deployment, Midstream, Model, StreamEvent, with_messages
from turnout.errors import Unreadable, Unrecorded, Unsupported, UpstreamError
from turnout.providers import Provider
from turnout.routing import Board, Plan
from turnout.routing.planner import outline, plan
from turnout.ticker import Ticker
from turnout.transport import Transport
from turnout.worker_threads import WorkerThreads

from .attempt import Attempt
from .call import Call, Keeping, Meter, Models, Prepared, Preparer, Recorder, question_of
from .hedging import Hedging
from .kept import CollectedReply, replayed
from .plan_walk import PlanWalk
from .prefills import Prefills
from .queue import Queues
from .reply import Reply
from .resumption import Resumption
from .settling import Settlement
from .source import MOST_BYTES, Source, is_relayed, source_of

_MOST_CHANGES: Final = 50
"""Changes that are recorded and told."""

_LONGEST_WAIT: Final = 600.0


class Engine:
    """Keeps no state of a request: that is in its ``Call`` and its ``Reply``."""

    def __init__(
        self,
        providers: Mapping[str, Provider],
        transport: Transport,
        *,
        recorder: Recorder,
        meter: Meter,
        board: Board,
        ticker: Ticker,
        worker_threads: WorkerThreads,
        preparers: Sequence[Preparer] = (),
        max_reply_bytes: int = MOST_BYTES,
    ) -> None:
        self._providers = providers
        self._transport = transport
        self._recorder = recorder
        self._meter = meter
        self._board = board
        self._ticker = ticker
        self._worker_threads = worker_threads
        self._preparers = preparers
        self._max_reply_bytes = max_reply_bytes
        self._prefills = Prefills()
        self._queues = Queues(board)
        self._hedging = Hedging(board)

    def open(self, call: Call, models: Models) -> Awaitable[Reply]:
        """A reply that has begun. Raises ``UnknownModel``, ``Unsupported``, or the errors of all deployments in one."""
        model = models.find(call.request.model)
        if model.strict and not call.strict:
            call = structs.replace(call, strict=True)
        keeping = call.keeping
        if keeping is not None and keeping.status != "BYPASS":
            return self._found_or_opened(call, model, models, keeping)
        return self.follow(plan(model, question_of(call), self._board, models.find), call, model)

    async def _found_or_opened(self, call: Call, model: Model, models: Models, keeping: Keeping) -> Reply:
        """A kept answer if there is one, else one that will be kept."""
        kept = await keeping.find(_patience_of(call))
        if kept is not None:
            return replayed(kept, call, model, self._recorder, self._meter)
        try:
            asked = keeping.asked(call.request)
            if asked is not call.request:
                call = structs.replace(call, request=asked)
            return await self.follow(plan(model, question_of(call), self._board, models.find), call, model)
        except BaseException:
            keeping.leave()
            raise

    def outlined(self, call: Call, models: Models) -> Plan:
        """The plan of a call that isn't sent. It may have no candidate. Raises ``UnknownModel``."""
        return outline(models.find(call.request.model), question_of(call), self._board, models.find)

    async def follow(self, planned: Plan, call: Call, model: Model) -> Reply:
        """The same, for a plan that is made already."""
        if model.upstream == "stream":
            call = _streamed(call)
        walk = PlanWalk(planned, call, model)
        attempt, first = await self._open_next(call, walk)
        resumption = self._resumption(call, walk, model.midstream, attempt.deployment)
        keeping = call.keeping
        if keeping is None or keeping.status == "BYPASS":
            return Reply(planned, attempt, first, self._attempt, resumption)
        return CollectedReply(planned, attempt, first, self._attempt, resumption, keeping)

    def _resumption(self, call: Call, walk: PlanWalk, mode: Midstream, answering: Deployment) -> Resumption | None:
        """None where nobody could go on with the answer."""
        request = call.request
        if mode == "error" or not request.stream or not isinstance(request, ChatRequest):
            return None
        return Resumption(call, request, walk, mode, self._prefills) if walk.may_go_on(answering) else None

    async def _open_next(self, call: Call, walk: PlanWalk) -> tuple[Attempt, Sequence[StreamEvent]]:
        """The first attempt that begins to answer, with its first events. Raises the errors of all in one."""
        if walk.hedges:
            self._hedging.save()
        while (deployment := await walk.next()) is not None:
            delay = self._hedging.delay(deployment) if walk.hedges else None
            if delay is not None:
                opened = await self._hedging.race(call, deployment, delay, walk, self._open_at)
                if opened is not None:
                    return opened
                continue
            try:
                attempt = await self._attempt(call, deployment, walk)
                return attempt, await attempt.open()
            except (UpstreamError, Unsupported, Unreadable) as error:
                walk.failed(deployment, error)
        raise walk.error()

    async def _open_at(
        self, call: Call, deployment: Deployment, walk: PlanWalk
    ) -> tuple[Attempt, Sequence[StreamEvent]]:
        attempt = await self._attempt(call, deployment, walk)
        return attempt, await attempt.open()

    async def _attempt(self, call: Call, deployment: Deployment, walk: PlanWalk) -> Attempt:
        """Raises ``Unsupported`` and ``Unreadable`` before anything has been recorded or sent."""
        prepared = await self._prepare(call, deployment)
        provider = self._providers[deployment.provider]
        arguments = provider, prepared.request, deployment, self._transport, self._max_reply_bytes
        if call.large and not is_relayed(provider, prepared.request, deployment):
            source: Source = await self._worker_threads.run(source_of, *arguments)
        else:
            source = source_of(*arguments)
        if call.strict and source.changes:
            raise _not_as_said(source.changes, deployment)
        queue = None
        if deployment.concurrency is not None:
            queue = await self._queues.enter(deployment, call, walk.patience(deployment))
        walk.attempts += 1
        changes = prepared.changes
        if source.changes:
            changes += tuple(map(str, source.changes[:_MOST_CHANGES]))
        planned = walk.planned if walk.attempts == 1 else None
        try:
            settlement = Settlement(
                call, deployment, walk.attempts, changes, self._recorder, self._meter, self._board, queue, planned
            )
        except Unrecorded:
            if queue is not None:
                queue.leave()
            raise
        return Attempt(call, deployment, source, settlement, self._ticker, walk.total(deployment))

    async def _prepare(self, call: Call, deployment: Deployment) -> Prepared:
        """Raises ``Unsupported`` or ``InvalidRequest`` before anything has been recorded or sent."""
        request = call.request
        changes: tuple[str, ...] = ()
        for preparer in self._preparers:
            if not preparer.concerns(request, deployment):
                continue
            prepared = await preparer.prepare(request, deployment)
            if prepared is not None:
                request, changes = prepared.request, changes + prepared.changes
        return Prepared(request, changes)


def _patience_of(call: Call) -> float:
    """Seconds that it may wait for the answer to somebody else's same request."""
    if call.timeout is None:
        return _LONGEST_WAIT
    return max(call.timeout - (time.perf_counter() - call.received), 0.0)


def _streamed(call: Call) -> Call:
    """The same, asked of the provider as a stream: so it is translated, and a provider that stops is noticed."""
    request = call.request
    if request.stream or not isinstance(request, ChatRequest):
        return call
    streamed = with_messages(request, request.messages)
    return structs.replace(call, request=structs.replace(streamed, stream=True), unseen="answer")


def _not_as_said(changes: Sequence[Change], deployment: Deployment) -> Unsupported:
    """The error for a strict request of which a deployment would be told something else than the client said."""
    told = "; ".join(map(str, changes[:_MOST_CHANGES]))
    problem = f"The request is strict, and {deployment.id} can't be told it as it is: {told}."
    return Unsupported(problem, param=changes[0].field)
