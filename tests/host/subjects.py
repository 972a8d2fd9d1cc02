"""Subjects for tests, and handlers that tests can watch."""

from __future__ import annotations

import asyncio
from types import NoneType
from typing import Final

from turnout.errors import Conflict
from turnout.host import LocalControl, Subject

DOUBLE: Final = Subject("double", int, int)
ECHO: Final = Subject("echo", bytes, bytes)
HANG: Final = Subject("hang", NoneType, NoneType)
CONFLICT: Final = Subject("conflict", NoneType, NoneType)
DEFECT: Final = Subject("defect", NoneType, NoneType)
WITHOUT_HANDLER: Final = Subject("nobody's", NoneType, NoneType)

LONG: Final = 10_000.0
"""Milliseconds: a deadline that no test waits for."""


class Hanging:
    """A handler that never answers. ``begun`` and ``cancelled`` count; ``changed`` is awaited by ``until``."""

    def __init__(self) -> None:
        self.begun = 0
        self.cancelled = 0
        self._changed = asyncio.Condition()

    async def answer(self, question: None) -> None:
        await self._count("begun")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.shield(self._count("cancelled"))
            raise

    async def _count(self, what: str) -> None:
        async with self._changed:
            setattr(self, what, getattr(self, what) + 1)
            self._changed.notify_all()

    async def until(self, *, begun: int | None = None, cancelled: int | None = None) -> None:
        def reached() -> bool:
            return begun in (None, self.begun) and cancelled in (None, self.cancelled)

        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(reached)


async def double(question: int) -> int:
    return 2 * question


async def echo(question: bytes) -> bytes:
    return question


async def conflict(question: None) -> None:
    raise Conflict("Somebody else was quicker.")


async def defect(question: None) -> None:
    raise ZeroDivisionError


def add_handlers(control: LocalControl) -> Hanging:
    hanging = Hanging()
    control.handlers.add(DOUBLE, double)
    control.handlers.add(ECHO, echo)
    control.handlers.add(HANG, hanging.answer)
    control.handlers.add(CONFLICT, conflict)
    control.handlers.add(DEFECT, defect)
    return hanging
