"""An answer that has begun."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence

from turnout.core import Outcome, StreamEvent, Usage
from turnout.core.relayed_headers import headers_of_an_answer
from turnout.routing import Plan

from .attempt import Attempt


class Reply:
    """Read it to its end with ``read``, or ``leave`` it: either way its attempt is settled.

    ``deployment`` is the one that answers. ``attempts`` is how many it took, this one counted. ``headers`` are those of
    the provider that go along to the client. ``relayed``: the client's own body was sent.
    """

    def __init__(self, plan: Plan, attempt: Attempt, first: Sequence[StreamEvent]) -> None:
        self.plan = plan
        self.deployment = attempt.deployment
        self.attempts = attempt.number
        self.headers = headers_of_an_answer(attempt.headers)
        self.relayed = attempt.relayed
        self._attempt = attempt
        self._first: Sequence[StreamEvent] | None = first

    def dropped(self) -> list[str]:
        """Paths of the request's fields that the provider didn't get as they were."""
        changes = self._attempt.changes
        return [*dict.fromkeys([change.field for change in changes if not change.kept])] if changes else []

    @property
    def usage(self) -> Usage | None:
        return self._attempt.usage

    @property
    def cost(self) -> int | None:
        """Picodollars; known when the answer has ended and its deployment has a price."""
        return self._attempt.cost

    async def read(self) -> Sequence[StreamEvent] | None:
        """The next events; None after the last. Raises ``UpstreamError`` when the answer breaks off."""
        if self._first is not None:
            first, self._first = self._first, None
            return first
        return await self._attempt.read()

    async def read_all(self) -> list[StreamEvent]:
        events: list[StreamEvent] = []
        while (more := await self.read()) is not None:
            events += more
        return events

    def leave(self, outcome: Outcome = "client_gone") -> Awaitable[None]:
        """Nobody wants the rest. Harmless after the end."""
        return self._attempt.leave(outcome)
