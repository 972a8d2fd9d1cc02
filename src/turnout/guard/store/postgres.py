"""The states in Postgres. A row is locked while this process answers its own question from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from turnout.errors import StorageUnavailable
from turnout.guard.holds import OWNER_LASTS, Holds
from turnout.guard.windows import SECOND, Window
from turnout.storage import Counters, CounterState

from .answering import State, answer, new_state
from .contract import DEADLINE, UnusableStore
from .questions import Answer, Counter, Question

_LIFE: Final = "postgres"
"""Postgres doesn't lose its memory."""

_encode = msgspec.msgpack.Encoder().encode
_read_window = msgspec.msgpack.Decoder(Window).decode
_read_holds = msgspec.msgpack.Decoder(Holds).decode


class PostgresStore:
    """A question is a transaction of four round trips."""

    deadline = DEADLINE
    patience = 3.0

    def __init__(self, counters: Counters) -> None:
        self._counters = counters

    async def ask(self, question: Question) -> Answer:
        answers: list[Answer] = []

        def change(written: Sequence[bytes], now: int) -> list[CounterState]:
            states = [_read(*each) for each in zip(question.counters, written, strict=True)]
            answers.append(answer(question, states, now, _LIFE))
            return [_written(*each) for each in zip(question.counters, states, strict=True)]

        try:
            await self._counters.change([counter.id for counter in question.counters], change)
        except StorageUnavailable as error:
            raise UnusableStore(error.message) from error
        return answers[0]

    async def held_by(self, owner: str) -> list[str]:
        try:
            return await self._counters.held_by(owner)
        except StorageUnavailable as error:
            raise UnusableStore(error.message) from error

    async def close(self) -> None:
        await self._counters.close()


def _read(counter: Counter, written: bytes) -> State:
    if not written:
        return new_state(counter)
    return _read_window(written) if counter.seconds else _read_holds(written)


def _written(counter: Counter, state: State) -> CounterState:
    if isinstance(state, Holds):
        return CounterState(_encode(state), tuple(state.owners), state.touched + OWNER_LASTS)
    return CounterState(_encode(state), (), state.newest + (counter.seconds + 2) * SECOND)
