"""One question for all requests that wait, and what becomes of its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Protocol, TypeAlias

from turnout.errors import AllowanceStoreDown

from .counting import Part
from .leases import BudgetHold, LimitLease
from .refusals import budget_spent, limit_reached
from .reservation import Reservation
from .store import NEVER, NOT_REFUSED, Answer, Counter, Drawn, Level, Question
from .windows import SECOND

Need: TypeAlias = tuple[Part, int]
"""A part that has too little in memory, and the units that a request needs of it."""


class LostMemory(Exception):  # it is a state of the store; the request asks again
    """The store began anew, so what it said is about less than there is."""


class Books(Protocol):
    def changed(self, part: Part) -> None: ...

    def noticed(self, life: str) -> bool: ...


class Waiting:
    """A request that waits for its ``missing`` needs. ``future`` is None where the answer is at hand."""

    def __init__(self, reservation: Reservation, missing: Sequence[Need], future: asyncio.Future[None] | None) -> None:
        self.missing = missing
        self._reservation = reservation
        self._future = future
        self._drawn = Drawn()

    async def answered(self) -> None:
        """Raises ``AllowanceStoreDown`` or ``LostMemory`` where there is no answer."""
        if self._future is not None:
            await self._future

    def grant(self, drawn: Drawn, levels: Sequence[Level]) -> None:
        """``levels`` are those of ``missing``. A request that has gone meanwhile gives all of it back."""
        self._drawn = drawn
        if drawn.refused_by == NOT_REFUSED:
            for (part, units), level in zip(self.missing, levels, strict=True):
                if isinstance(part, LimitLease):
                    self._reservation.add_limit(part, level.bucket, units)
                else:
                    part.reserved += units
                    self._reservation.add_budget(part, units)
        if self._future is not None and not self._future.done():
            self._future.set_result(None)
        elif self._future is not None:
            self._reservation.abandon()

    def fail(self, error: Exception) -> None:
        if self._future is not None and not self._future.done():
            self._future.set_exception(error)

    def raise_refusal(self, now: float, wall: float) -> None:
        """The error of the limit or budget that refused. It is remembered, so that the store isn't asked again."""
        if self._drawn.refused_by == NOT_REFUSED:
            return
        part, units = self.missing[self._drawn.refused_by]
        if isinstance(part, BudgetHold):
            part.refuse(units, now)
            raise budget_spent(part, units, wall)
        if self._drawn.wait == NEVER:
            raise limit_reached(part, units, None)
        wait = self._drawn.wait / SECOND
        part.refuse(units, wait, now)
        raise limit_reached(part, units, wait)


class Asked:
    """A question, and those that it was asked for. ``parts`` are in the order of its counters."""

    def __init__(self, question: Question, parts: list[tuple[Part, Counter]], waiting: Sequence[Waiting]) -> None:
        self.question = question
        self.parts = parts
        self.waiting = waiting

    def fail(self, why: str) -> None:
        for part, counter in self.parts:
            part.unanswered(counter)
        for waiting in self.waiting:
            waiting.fail(AllowanceStoreDown(why))


def question_of(owner: str, number: int, waiting: Sequence[Waiting], untold: Iterable[Part], now: float) -> Asked:
    needed: dict[str, int] = {}
    parts: dict[str, Part] = {part.id: part for part in untold}
    for each in waiting:
        for part, units in each.missing:
            parts[part.id] = part
            needed[part.id] = max(needed.get(part.id, 0), units)
    counters = [part.counter(needed.get(name, 0), now) for name, part in parts.items()]
    places = {name: place for place, name in enumerate(parts)}
    draws = [[(places[part.id], units) for part, units in each.missing] for each in waiting]
    question = Question(owner, number, counters, draws)
    return Asked(question, list(zip(parts.values(), counters, strict=True)), waiting)


def answered(asked: Asked, answer: Answer, asked_at: float, books: Books) -> None:
    """``asked_at`` is when the question was sent: the store's own time is later."""
    lost = books.noticed(answer.life)
    if answer.outdated:
        asked.fail("a question came after a later one.")
        return
    for (part, counter), level in zip(asked.parts, answer.levels, strict=True):
        part.learn(counter, level, asked_at)
        books.changed(part)
    for waiting, drawn, draw in zip(asked.waiting, answer.drawn, asked.question.draws, strict=True):
        if lost and any(isinstance(part, BudgetHold) for part, _ in waiting.missing):
            _give_back(waiting, drawn, draw, answer.levels)
            waiting.fail(LostMemory())
        else:
            waiting.grant(drawn, [answer.levels[place] for place, _ in draw])


def _give_back(waiting: Waiting, drawn: Drawn, draw: list[tuple[int, int]], levels: Sequence[Level]) -> None:
    """Of limits. Money that was granted and isn't reserved is given up by the next sweep."""
    if drawn.refused_by != NOT_REFUSED:
        return
    for (part, units), (place, _) in zip(waiting.missing, draw, strict=True):
        if isinstance(part, LimitLease):
            part.give_back(levels[place].bucket, units)
