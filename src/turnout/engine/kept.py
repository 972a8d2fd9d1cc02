"""Answers that are kept: one that is replayed in place of an attempt, and one that is collected while it is read."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Sequence

from turnout.core import (
    AttemptEnd,
    Delta,
    Deployment,
    Finish,
    Model,
    Outcome,
    Relayed,
    StreamEvent,
    Usage,
)
from turnout.routing import Plan

from .attempt import Attempt
from .call import Call, Keeping, KeptAnswer, Meter, Recorder
from .reply import Reply
from .resumption import MakeAttempt, Resumption
from .settling import start_of

_OK = 200


class ReplayedReply(Reply):
    """A kept answer. It took no attempt, and costs nothing."""

    def __init__(self, kept: KeptAnswer, model: Model) -> None:
        self.plan = Plan(model.name, ())
        self.deployment = _deployment_of(kept, model)
        self.attempts = 0
        self.made_by = ""
        self.headers = {}
        self.relayed = kept.relayed
        self._kept = kept
        self._unread = True

    def dropped(self) -> list[str]:
        return list(self._kept.dropped)

    @property
    def usage(self) -> Usage | None:
        """What the answer took when it was made."""
        return self._kept.usage

    @property
    def cost(self) -> int | None:
        return 0

    async def read(self) -> Sequence[StreamEvent] | None:
        if not self._unread:
            return None
        self._unread = False
        return self._kept.events

    async def leave(self, outcome: Outcome = "client_gone") -> None:
        """Nothing is under way."""


class CollectedReply(Reply):
    """Hands the whole answer to ``keeping`` when it has been read to its end; tells it when that won't happen."""

    def __init__(
        self,
        plan: Plan,
        attempt: Attempt,
        first: Sequence[StreamEvent],
        make_attempt: MakeAttempt,
        resumption: Resumption | None,
        keeping: Keeping,
    ) -> None:
        super().__init__(plan, attempt, first, make_attempt, resumption)
        self._keeping = keeping
        self._collected: list[StreamEvent] | None = []
        self._size = 0

    async def read(self) -> Sequence[StreamEvent] | None:
        try:
            events = await super().read()
        except BaseException:
            self._keeping.leave()
            raise
        if events is not None:
            self._collect(events)
        elif self._collected is not None:
            collected, self._collected = self._collected, None
            self._keeping.keep(self, collected)
        return events

    async def read_all(self) -> list[StreamEvent]:
        return self._keeping.joined(await super().read_all())

    def leave(self, outcome: Outcome = "client_gone") -> Awaitable[None]:
        self._keeping.leave()
        return super().leave(outcome)

    def decoded_again(self, relayed: bytes) -> Sequence[StreamEvent]:
        """The events of all relayed frames, for clients on other wires. Raises ``UpstreamError``, ``Unreadable``."""
        return self._attempt.decoded_again(relayed)

    def _collect(self, events: Sequence[StreamEvent]) -> None:
        if self._collected is None:
            return
        self._collected += events
        for event in events:
            if isinstance(event, Relayed):
                self._size += len(event.data)
            elif isinstance(event, Delta):
                self._size += len(event.text)
        if self._size > self._keeping.most_bytes:
            self._collected = None
            self._keeping.leave(alone=True)


def replayed(kept: KeptAnswer, call: Call, model: Model, recorder: Recorder, meter: Meter) -> ReplayedReply:
    """Records it: a row of its own, which has used nothing. Raises ``Unrecorded``."""
    reply = ReplayedReply(kept, model)
    start = start_of(call, reply.deployment, 1)
    elapsed = int((time.perf_counter() - call.received) * 1e6)
    end = AttemptEnd(
        attempt_id=start.attempt_id,
        outcome="cached",
        status=_OK,
        queue=elapsed,
        total=0,
        usage=Usage(),
        cost=0,
        operation=call.request.operation,
        finish=_finish_in(kept.events),
        saved=kept.saved,
    )
    recorder.begin(start)
    recorder.end(end)
    meter.attempt_ended(start, end)
    return reply


def _finish_in(events: Sequence[StreamEvent]) -> str | None:
    return next((event.native_reason for event in events if isinstance(event, Finish)), None)


def _deployment_of(kept: KeptAnswer, model: Model) -> Deployment:
    """It may have been a fallback's, or one that isn't there any more."""
    for deployment in model.deployments:
        if deployment.id == kept.deployment:
            return deployment
    return Deployment(id=kept.deployment, provider=kept.provider, model=kept.upstream_model)
