"""A store behind a deadline and a breaker: what a dead store costs a request is bounded, and usually nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

from turnout.errors import AllowanceStoreDown
from turnout.telemetry import PROBE_SECONDS, Breaker, Condition

from .contract import Store, UnusableStore
from .questions import Answer, Question

_PAUSE: Final = 0.05
"""Seconds between two probes of a process that starts."""

_MOST_STALLS: Final = 20

_WHY: Final = "their store does not answer."
"""For clients. The address of the store, and what it said, is for the log and for ``/health``."""

Value = TypeVar("Value")


class GuardedStore:
    """``on_heal`` is called when the store answers again."""

    def __init__(self, store: Store, on_heal: Callable[[], None]) -> None:
        self.condition = Condition(
            "The store of limits and budgets", "What is drawn ahead is spent, then 'store_down' decides."
        )
        self._store = store
        self._breaker = Breaker(self.condition, self._failure_now, on_heal)

    @property
    def is_open(self) -> bool:
        """Whether the store is not asked now, except by a probe each second."""
        return self._breaker.is_open

    async def ask(self, question: Question) -> Answer:
        """Raises ``AllowanceStoreDown``, after the store's deadline at the latest."""
        if self.is_open:
            raise AllowanceStoreDown(_WHY)
        try:
            answer = await within(self._ask_twice(question), self._store.deadline)
        except Exception as error:  # a defect, too: requests wait for this, and the breaker reports it
            self._breaker.failed(error)
            raise AllowanceStoreDown(_WHY) from error
        self._breaker.worked()
        return answer

    async def held_by(self, owner: str) -> list[str]:
        """Beside the way of requests. Raises ``AllowanceStoreDown``."""
        try:
            return await within(self._store.held_by(owner), PROBE_SECONDS)
        except UnusableStore as error:
            raise AllowanceStoreDown(_WHY) from error

    async def connect(self) -> None:
        """Asks nothing until there is an answer, so that the first request finds a connection.

        It takes the store's ``patience`` at most: processes that start together wait for the one that has the counts.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + self._store.patience
        while (failure := await self._failure_now()) is not None:
            if loop.time() >= end:
                self._breaker.open(failure)
                return
            await asyncio.sleep(_PAUSE)

    async def close(self) -> None:
        await self._breaker.close()
        await self._store.close()

    async def _ask_twice(self, question: Question) -> Answer:
        """A kept connection may have been closed meanwhile. What is asked twice by this is counted twice at most."""
        try:
            return await self._store.ask(question)
        except UnusableStore:
            return await self._store.ask(question)

    async def _failure_now(self) -> Exception | None:
        try:
            await within(self._store.ask(Question("", 0, [], [])), PROBE_SECONDS)
        except Exception as error:  # noqa: BLE001  # whatever it is, it is reported, and the next probe may succeed
            return error
        return None


async def within(work: Coroutine[Any, Any, Value], seconds: float) -> Value:
    """The result of ``work``. Raises ``UnusableStore`` after ``seconds`` in which this event loop ran.

    Where the loop itself was late, the answer may be here already and wait to be read. That is no fault of the store.
    """
    loop = asyncio.get_running_loop()
    task = loop.create_task(work)
    try:
        for _ in range(_MOST_STALLS):
            due = loop.time() + seconds
            done, _ = await asyncio.wait((task,), timeout=seconds)
            if task.cancelled():
                break  # by what it waited for, and not by us
            if done:
                return task.result()
            if loop.time() - due < seconds:
                break
    finally:
        if not task.done():
            task.cancel()
            task.add_done_callback(_ignore)
    raise UnusableStore(f"It did not answer within {seconds * 1000:g} ms")


def _ignore(task: asyncio.Task[Any]) -> None:
    """Nobody waits for this result, and asyncio would complain of an error that nobody has seen."""
    if not task.cancelled():
        task.exception()
