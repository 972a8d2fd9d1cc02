"""The two records of an attempt: its start before anything is sent, and its end, exactly once."""

from __future__ import annotations

import time
from collections.abc import Mapping

from msgspec import structs

from turnout.core import AttemptEnd, AttemptStart, ChatRequest, Deployment, Outcome, Party, Usage, rated
from turnout.errors import KeptConnectionLost, TurnoutError, UpstreamError
from turnout.providers import quota_of
from turnout.routing import Board, Ending, Fault, Plan, conversation_name, fault_of

from .billing import Bill, bill_of, bill_so_far
from .call import Call, Meter, Recorder
from .estimate import input_at_a_glance
from .observing import AnswerObserver
from .plan_records import plan_record
from .queue import Queue
from .source import Source

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 1.0
"""Seconds between two times that an answer is metered; the pause doubles. A process that dies loses no more than half
of its last seconds, and at most one.
"""


class Settlement:
    """Records the start when made. ``usage`` and ``cost`` (picodollars) are known after ``settle``."""

    __slots__ = (
        "_board",
        "_call",
        "_changes",
        "_deployment",
        "_meter",
        "_metered",
        "_pause",
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
        """``queue`` is left at the end of the attempt. ``planned`` is recorded with it. Raises ``Unrecorded``."""
        self.settled = False
        self.usage: Usage | None = None
        self.cost: int | None = None
        self._call = call
        self._deployment = deployment
        self._changes = changes
        self._recorder = recorder
        self._meter = meter
        self._metered: Bill | None = None
        self._pause = _FIRST_PAUSE
        self._board = board
        self._queue = queue
        self._planned = planned
        self.start = start_of(call, deployment, number)
        recorder.begin(self.start)
        self._ticket = board.began(deployment)

    def meter(self, source: Source, observer: AnswerObserver) -> float:
        """Writes down what the attempt has used by now, if that is more than before. It counts if this process dies.

        Returns the seconds until the next time. Before the provider has begun, its beginning is waited for.
        """
        if not source.status and self._metered is not None:
            return 0.0
        bill = bill_so_far(self._call.request, self.start.input_estimate, source, observer)
        if bill != self._metered:
            self._metered = bill
            self._recorder.meter(self._end_of("lost", source, observer, bill))
        if bill.rule == "no_answer":
            return 0.0
        pause, self._pause = self._pause, min(self._pause * 2, _LONGEST_PAUSE)
        return pause

    def settle(
        self,
        outcome: Outcome,
        source: Source,
        observer: AnswerObserver,
        error: TurnoutError | None = None,
    ) -> None:
        """Records the end. Call it once."""
        self.settled = True
        fault = None if error is None else fault_of(error)
        bill = bill_of(self._call.request, outcome, source, observer, error)
        end = self._end_of(outcome, source, observer, bill, error, fault)
        self.usage, self.cost = end.usage, end.cost
        self._recorder.end(end)
        if self._call.spending is not None:
            self._call.spending.spend(end)
        self._meter.attempt_ended(self.start, end, source.left_out)
        self._board.ended(self._deployment, self._ending_of(end, source.headers, error, fault))
        if self._queue is not None:
            self._queue.leave()

    def _end_of(
        self,
        outcome: Outcome,
        source: Source,
        observer: AnswerObserver,
        bill: Bill,
        error: TurnoutError | None = None,
        fault: Fault | None = None,
    ) -> AttemptEnd:
        price = self._deployment.price
        cost, price_version = None, price.version if price else None
        if bill.usage is not None:
            cost, price_version = rated(price, bill.usage)
        end = AttemptEnd(
            attempt_id=self.start.attempt_id,
            outcome=outcome,
            status=source.status,
            queue=int((observer.began - self._call.received) * 1e6),
            first_token=observer.first_token,
            total=observer.elapsed(),
            usage=bill.usage,
            cost=cost,
            price_version=price_version,
            operation=self._call.request.operation,
            changes=self._changes,
            finish=observer.finish.native_reason if observer.finish else None,
            plan=None if self._planned is None else plan_record(self._planned),
            billing_rule=bill.rule,
        )
        if outcome == "ok":
            keeping = self._call.keeping
            if keeping is None or keeping.saved is None:
                return end
            return structs.replace(end, saved=keeping.saved)
        return structs.replace(
            end,
            error_code=error.code if error else None,
            error=error.message if error else None,
            at_fault=party_at_fault(outcome, fault, error),
        )

    def _ending_of(
        self, end: AttemptEnd, headers: Mapping[str, str], error: TurnoutError | None, fault: Fault | None
    ) -> Ending:
        """A whole reply comes at once, so its first token says nothing about the time to a stream's."""
        streamed = self.start.stream and end.first_token is not None
        return Ending(
            outcome=end.outcome,
            total=end.total / 1e6,
            fault=fault,
            status=end.status,
            retry_after=error.retry_after if isinstance(error, UpstreamError) else None,
            first_token=(end.first_token or 0) / 1e6 if streamed else None,
            usage=end.usage,
            quota=quota_of(headers),
            ticket=self._ticket,
        )


def party_at_fault(outcome: Outcome, fault: Fault | None, error: TurnoutError | None) -> Party | None:
    """A key that the provider refuses, and a model that it doesn't have, are Turnout's configuration."""
    match outcome:
        case "outrun":
            return None
        case "client_gone":
            return "client"
        case "drained":
            return "turnout"
    if isinstance(error, KeptConnectionLost):
        return "provider"
    match fault:
        case None:
            return "turnout" if error is None else "client"
        case "request":
            return "client"
        case "locked":
            return "turnout"
    return "provider"


def _conversation(call: Call) -> str:
    request = call.request
    return conversation_name(request, call.origin.key_id) if isinstance(request, ChatRequest) else ""


def start_of(call: Call, deployment: Deployment, number: int) -> AttemptStart:
    origin, price = call.origin, deployment.price
    estimate = input_at_a_glance(call.request, call.size)
    cost = None if price is None or estimate is None else price.cost_of_text(estimate)
    return AttemptStart(
        f"{call.request_id}-{number}",
        call.request_id,
        number,
        time.time_ns() // 1000,
        origin.dialect,
        origin.key_id,
        origin.user,
        call.request.model,
        deployment.id,
        deployment.provider,
        deployment.model,
        call.request.stream,
        call.continues,
        call.seam,
        session=origin.session or _conversation(call),
        agent=origin.agent,
        end_user=origin.end_user,
        tags=origin.tags,
        input_estimate=estimate,
        cost_estimate=cost,
        team=origin.team,
        alias_of=origin.alias_of,
    )
