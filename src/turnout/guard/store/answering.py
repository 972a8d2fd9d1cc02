"""Answers a question from the states of its limits and budgets. Pure. ``draw.lua`` does the same inside Redis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from turnout.guard.holds import UNTOLD, Holds
from turnout.guard.windows import Window, lease_length

from .questions import NEVER, Answer, Counter, Draw, Drawn, Level, Question

State: TypeAlias = Window | Holds

LEFT_FREE: Final = 4
"""Units are drawn ahead only while more than one part in so many stays free after it."""

SHARES: Final = 16
"""One process draws at most one part in so many of what is free ahead."""


def new_state(counter: Counter) -> State:
    return Window.of(counter.seconds) if counter.seconds else Holds()


def answer(question: Question, states: Sequence[State], now: int, life: str) -> Answer:
    """Changes ``states``, which are in the order of the question's counters. ``now`` is the store's own time in µs."""
    for state in states:
        if isinstance(state, Holds) and state.is_outdated(question.owner, question.number, now):
            return Answer(life, True, [], [])
    for state in states:
        state.move_to(now)
    counters = [_counter_of(question, *each) for each in zip(question.counters, states, strict=True)]
    drawn = [_draw(counters, draw) for draw in question.draws]
    return Answer(life, False, drawn, [counter.level() for counter in counters])


def _draw(counters: Sequence[_LimitCounter | _BudgetCounter], draw: Draw) -> Drawn:
    for position, (index, units) in enumerate(draw):
        wait = counters[index].wait(units)
        if wait != 0:
            return Drawn(position, NEVER if wait is None else max(wait, 0))
    for index, units in draw:
        counters[index].take(units)
    return Drawn()


def _extra(ahead: int, most: int, free: int) -> int:
    """How many units may be drawn ahead."""
    extra = min(ahead, free // SHARES)
    return extra if extra > 0 and free - extra > most // LEFT_FREE else 0


class _LimitCounter:
    def __init__(self, counter: Counter, window: Window) -> None:
        self._counter, self._window = counter, window
        for bucket, units in counter.back:
            window.take_back(bucket, units)
        if counter.debt:
            window.enter(window.bucket(), counter.debt)

    def wait(self, units: int) -> int | None:
        return self._window.wait(units, self._counter.most)

    def take(self, units: int) -> None:
        self._window.enter(self._window.bucket(), units)

    def level(self) -> Level:
        window, counter = self._window, self._counter
        ahead_bucket = window.bucket(lease_length(counter.seconds))
        extra = _extra(counter.ahead, counter.most, counter.most - window.total)
        if extra:
            window.enter(ahead_bucket, extra)
        return Level(window.total, extra=extra, bucket=window.bucket(), ahead_bucket=ahead_bucket)


class _BudgetCounter:
    def __init__(self, question: Question, counter: Counter, holds: Holds) -> None:
        self._question, self._counter, self._holds = question, counter, holds
        if counter.settled != UNTOLD:
            holds.settle(counter.settled, counter.revision)
        holds.tell(question.owner, question.number, counter.held)
        self._taken = holds.taken()
        self._held = counter.held

    def wait(self, units: int) -> int | None:
        return 0 if self._taken + units <= self._counter.most else -1

    def take(self, units: int) -> None:
        self._taken += units
        self._held += units

    def level(self) -> Level:
        extra = _extra(self._counter.ahead, self._counter.most, self._counter.most - self._taken)
        self.take(extra)
        self._holds.tell(self._question.owner, self._question.number, self._held)
        return Level(self._taken, self._holds.settled, self._held, extra)


def _counter_of(question: Question, counter: Counter, state: State) -> _LimitCounter | _BudgetCounter:
    if isinstance(state, Window):
        return _LimitCounter(counter, state)
    return _BudgetCounter(question, counter, state)
