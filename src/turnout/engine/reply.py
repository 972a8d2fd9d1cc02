"""An answer that has begun."""

from __future__ import annotations

from collections.abc import Sequence

from turnout.core import ChatRequest, Deployment, Outcome, StreamEvent, Support, Usage, dropped_fields, refused_hints
from turnout.core.support import dropped_fields_beside_chat
from turnout.routing import Plan

from .attempt import Attempt


class Reply:
    """Read it to its end with ``read``, or ``leave`` it: either way its attempt is settled."""

    def __init__(self, plan: Plan, attempt: Attempt, support: Support, first: Sequence[StreamEvent]) -> None:
        self.plan = plan
        self._attempt = attempt
        self._support = support
        self._first: Sequence[StreamEvent] | None = first

    @property
    def deployment(self) -> Deployment:
        """Which one answers."""
        return self._attempt.deployment

    @property
    def attempts(self) -> int:
        """How many it took so far, this one counted."""
        return self._attempt.number

    def dropped(self) -> list[str]:
        """Paths of the request's fields that were not sent: the provider or its model has no place for them."""
        request, deployment = self._attempt.request, self.deployment
        if not isinstance(request, ChatRequest):
            return [] if self._attempt.relayed else list(dropped_fields_beside_chat(request, self._support))
        refused = refused_hints(request, deployment)
        if self._attempt.relayed:
            return refused
        return [*dict.fromkeys([*dropped_fields(request, self._support), *refused])]

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

    async def leave(self, outcome: Outcome = "client_gone") -> None:
        """Nobody wants the rest. Harmless after the end."""
        await self._attempt.leave(outcome)
