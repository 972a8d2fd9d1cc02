"""The interface to the control process, and the control process that is this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from turnout.errors import ControlRefused, ControlTimeout, TurnoutError

from .status import STATUS, status_of_this_process
from .subjects import Answer, Handlers, Question, Subject, param_of


class Control(Protocol):
    """The control process. Any process of the service may ask it."""

    async def ask(self, subject: Subject[Question, Answer], question: Question, *, deadline_ms: float) -> Answer:
        """Asks a question and returns its answer.

        Raises ``ControlError``: ``ControlUnavailable`` at once while there is no control process, ``ControlTimeout``
        after ``deadline_ms``, ``ControlRefused`` for an error of the handler. When the caller is cancelled, the handler
        is cancelled too.
        """
        ...

    def opened(self) -> AbstractAsyncContextManager[None]:
        """A context in which this process may ask."""
        ...

    async def until_alone(self) -> None:
        """Returns when no other process is connected to this one. The control process leaves after that."""
        ...


class LocalControl:
    """This process is the control process. A question is a function call."""

    def __init__(self) -> None:
        self.handlers = Handlers()
        self.handlers.add(STATUS, status_of_this_process())

    async def ask(self, subject: Subject[Question, Answer], question: Question, *, deadline_ms: float) -> Answer:
        """A defect in a handler is raised as it is."""
        try:
            async with asyncio.timeout(deadline_ms / 1000) as deadline:
                return await self.handlers.answer(subject, question)
        except TurnoutError as error:
            raise ControlRefused(error.status, error.code, error.message, param_of(error)) from error
        except TimeoutError as error:
            if not deadline.expired():
                raise
            raise ControlTimeout(subject.name, deadline_ms) from error

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        yield

    async def until_alone(self) -> None:
        """Returns at once, as there is no other process."""
