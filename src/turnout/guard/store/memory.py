"""The states in the memory of this process. Where it serves alone, a question is a function call."""

from __future__ import annotations

import secrets
import time
from collections import deque
from collections.abc import Callable

from turnout.guard.holds import OWNER_LASTS, Holds

from .answering import State, answer, new_state
from .contract import DEADLINE
from .questions import Answer, Question


class MemoryStore:
    """``clock`` gives nanoseconds that never go back.

    A state that no longer counts is dropped: each question looks at two states more than it brings, in turn.
    """

    deadline = DEADLINE
    patience = 0.0

    def __init__(self, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self._clock = clock
        self._states: dict[str, State] = {}
        self._turn: deque[str] = deque()
        self._life = secrets.token_hex(4)

    def __len__(self) -> int:
        return len(self._states)

    def ask_now(self, question: Question) -> Answer:
        now = self._clock() // 1000
        states = []
        for counter in question.counters:
            state = self._states.get(counter.id)
            if state is None:
                state = self._states[counter.id] = new_state(counter)
                self._turn.append(counter.id)
            states.append(state)
        answered = answer(question, states, now, self._life)
        for _ in range(min(len(states) + 2, len(self._turn))):
            self._drop_next(now)
        return answered

    async def ask(self, question: Question) -> Answer:
        return self.ask_now(question)

    async def held_by(self, owner: str) -> list[str]:
        return [name for name, state in self._states.items() if isinstance(state, Holds) and owner in state.owners]

    async def close(self) -> None:
        """Nothing is open."""

    def _drop_next(self, now: int) -> None:
        name = self._turn.popleft()
        state = self._states[name]
        if isinstance(state, Holds):
            is_idle = state.touched + OWNER_LASTS <= now
        else:
            state.move_to(now)
            is_idle = not state.total
        if is_idle:
            del self._states[name]
        else:
            self._turn.append(name)
