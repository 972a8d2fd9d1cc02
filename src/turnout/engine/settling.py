"""The two records of an attempt: its start before anything is sent, and its end, exactly once."""

from __future__ import annotations

import time
from collections.abc import Mapping

from turnout.core import AttemptEnd, AttemptStart, Deployment, Outcome, Usage, rated
from turnout.errors import TurnoutError, UpstreamError
from turnout.providers import quota_of
from turnout.routing import Board, Ending, Plan, fault_of

from .call import Call, Meter, Recorder
from .observing import AnswerObserver
from .plan_records import plan_record
from .queue import Queue


class Settlement:
    """Records the start when made. ``usage`` and ``cost`` (picodollars) are known after ``settle``."""

    __slots__ = (
        "_board",
        "_call",
        "_changes",
        "_deployment",
        "_meter",
        "_planned",
        "_queue",
        "_recorder",
        "_ticket",
        "cost",
        "settled",
        "start",
        "usage",
    )

    def __init__(
        self,
        call: Call,
        deployment: Deployment,
        number: int,
        changes: tuple[str, ...],
        recorder: Recorder,
        meter: Meter,
        board: Board,
        queue: Queue | None,
        planned: Plan | None,
    ) -> None:
        """``queue`` is left at the end of the attempt. ``planned`` is recorded with it."""
        self.settled = False
        self.usage: Usage | None = None
        self.cost: int | None = None
        self._call = call
        self._deployment = deployment
        self._changes = changes
        self._recorder = recorder
        self._meter = meter
        self._board = board
        self._queue = queue
        self._planned = planned
        self.start = _start_of(call, deployment, number)
        recorder.begin(self.start)
        self._ticket = board.began(deployment)

    def settle(
        self,
        outcome: Outcome,
        status: int,
        headers: Mapping[str, str],
        observer: AnswerObserver,
        error: TurnoutError | None = None,
        left_out: int = 0,
    ) -> None:
        """Records the end. Call it once. ``status`` is the provider's HTTP status, 0 when there was none; ``headers``
        are those of its reply, of which ``left_out`` frames couldn't be read.
        """
        self.settled = True
        self.usage = observer.usage.total(self._call.request, outcome, finished=observer.finish is not None)
        price = self._deployment.price
        price_version = price.version if price else None
        if self.usage is not None:
            self.cost, price_version = rated(price, self.usage)
        end = AttemptEnd(
            attempt_id=self.start.attempt_id,
            outcome=outcome,
            status=status,
            queue=int((observer.began - self._call.received) * 1e6),
            first_token=observer.first_token,
            total=observer.elapsed(),
            usage=self.usage,
            cost=self.cost,
            price_version=price_version,
            operation=self._call.request.operation,
            changes=self._changes,
            finish=observer.finish.native_reason if observer.finish else None,
            error_code=error.code if error else None,
            error=error.message if error else None,
            plan=None if self._planned is None else plan_record(self._planned),
        )
        self._recorder.end(end)
        self._meter.attempt_ended(self.start, end, left_out)
        self._board.ended(self._deployment, self._ending_of(end, headers, error))
        if self._queue is not None:
            self._queue.leave()

    def _ending_of(self, end: AttemptEnd, headers: Mapping[str, str], error: TurnoutError | None) -> Ending:
        """A whole reply comes at once, so its first token says nothing about the time to a stream's."""
        streamed = self.start.stream and end.first_token is not None
        return Ending(
            outcome=end.outcome,
            total=end.total / 1e6,
            fault=None if error is None else fault_of(error),
            status=end.status,
            retry_after=error.retry_after if isinstance(error, UpstreamError) else None,
            first_token=(end.first_token or 0) / 1e6 if streamed else None,
            usage=end.usage,
            quota=quota_of(headers),
            ticket=self._ticket,
        )


def _start_of(call: Call, deployment: Deployment, number: int) -> AttemptStart:
    return AttemptStart(
        attempt_id=f"{call.request_id}-{number}",
        request_id=call.request_id,
        number=number,
        started=time.time_ns() // 1000,
        dialect=call.origin.dialect,
        key_id=call.origin.key_id,
        user=call.origin.user,
        model=call.request.model,
        deployment=deployment.id,
        provider=deployment.provider,
        upstream_model=deployment.model,
        stream=call.request.stream,
        continues=call.continues,
        seam=call.seam,
    )
