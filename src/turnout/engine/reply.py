"""An answer that has begun."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence

from turnout.core import Outcome, Seam, StreamEvent, Usage
from turnout.core.relayed_headers import headers_of_an_answer
from turnout.errors import UpstreamError
from turnout.routing import Plan

from .attempt import Attempt
from .resumption import MakeAttempt, Resumption
from .so_far import without_parts


class Reply:
    """Read it to its end with ``read``, or ``leave`` it: either way its attempt is settled.

    ``deployment`` is the one that answers. ``attempts`` is how many it took, this one counted. ``headers`` are those of
    the provider that go along to the client. ``relayed``: the client's own body was sent. ``made_by`` is the id of the
    deployment that has made the whole answer, and may know it by its id; empty when another one went on.
    """

    def __init__(
        self,
        plan: Plan,
        attempt: Attempt,
        first: Sequence[StreamEvent],
        make_attempt: MakeAttempt,
        resumption: Resumption | None = None,
    ) -> None:
        self.plan = plan
        self.deployment = attempt.deployment
        self.attempts = attempt.number
        self.made_by = attempt.deployment.id
        self.headers = headers_of_an_answer(attempt.headers)
        self.relayed = attempt.relayed
        self._attempt = attempt
        self._first: Sequence[StreamEvent] | None = first
        self._make_attempt = make_attempt
        self._resumption = resumption
        self._cost_of_broken = 0

    def dropped(self) -> list[str]:
        """Paths of the request's fields that the provider didn't get as they were."""
        changes = self._attempt.changes
        return [*dict.fromkeys([change.field for change in changes if not change.kept])] if changes else []

    @property
    def usage(self) -> Usage | None:
        usage = self._attempt.usage
        return usage if self._resumption is None else self._resumption.total(usage)

    @property
    def cost(self) -> int | None:
        """Picodollars, of all attempts that made the answer; known at its end, if its last deployment has a price."""
        cost = self._attempt.cost
        return None if cost is None else cost + self._cost_of_broken

    async def read(self) -> Sequence[StreamEvent] | None:
        """The next events; None after the last. Raises ``UpstreamError`` when the answer breaks off."""
        resumption = self._resumption
        if self._first is not None:
            events, self._first = self._first, None
            if resumption is not None:
                resumption.keep(events, self._attempt)
            return events
        if resumption is None:
            return await self._attempt.read()
        try:
            return await self._read_on(resumption)
        except UpstreamError as error:
            return await self._go_on(resumption, error)

    async def _read_on(self, resumption: Resumption) -> Sequence[StreamEvent] | None:
        read = await self._attempt.read()
        return None if read is None else await self._joined(resumption, read)

    async def _joined(self, resumption: Resumption, read: Sequence[StreamEvent]) -> Sequence[StreamEvent]:
        try:
            events = resumption.join(read)
        except UpstreamError:
            await self._attempt.leave("cut")
            raise
        resumption.keep(events, self._attempt)
        return events

    async def _go_on(self, resumption: Resumption, error: UpstreamError) -> Sequence[StreamEvent]:
        """Has another deployment go on with an answer that broke off. Raises ``error`` when nobody can."""
        broken = self._attempt
        self._attempt, first = await resumption.go_on(broken, error, self._make_attempt)
        self._cost_of_broken += broken.cost or 0
        self.deployment, self.attempts = self._attempt.deployment, self._attempt.number
        self.made_by = ""
        return await self._joined(resumption, first)

    async def read_all(self) -> list[StreamEvent]:
        events: list[StreamEvent] = []
        while (more := await self.read()) is not None:
            if more and isinstance(seam := more[0], Seam) and seam.dropped:
                events = without_parts(events, seam.dropped)
            events += more
        return events

    def leave(self, outcome: Outcome = "client_gone") -> Awaitable[None]:
        """Nobody wants the rest. Harmless after the end."""
        return self._attempt.leave(outcome)
