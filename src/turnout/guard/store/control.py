"""The states in the control process of the host, which the other processes ask over its socket."""

from __future__ import annotations

from typing import Final

from turnout.errors import ControlError
from turnout.host import Control, Handlers, Subject

from .contract import UnusableStore
from .memory import MemoryStore
from .questions import Answer, Question

ALLOWANCES: Final = Subject("allowances", Question, Answer)
HELD_BY: Final = Subject("allowances held", str, list[str])

_LONGEST_MS: Final = 1000.0
"""The caller's own deadline is shorter, while a request waits."""


def answer_questions(handlers: Handlers, store: MemoryStore) -> None:
    """Lets the control process answer the others. It asks ``store`` itself as a function."""
    handlers.add(ALLOWANCES, store.ask)
    handlers.add(HELD_BY, store.held_by)


class ControlStore:
    """What is held is lost with the control process; each owner tells the next one what it holds."""

    deadline = 1.0
    """It is on this host, and busy only when all of it is. A dead one is noticed at once, by its connection."""

    patience = 10.0
    """It may start in this moment, too."""

    def __init__(self, control: Control) -> None:
        self._control = control

    async def ask(self, question: Question) -> Answer:
        try:
            return await self._control.ask(ALLOWANCES, question, deadline_ms=_LONGEST_MS)
        except ControlError as error:
            raise UnusableStore(error.message) from error

    async def held_by(self, owner: str) -> list[str]:
        try:
            return await self._control.ask(HELD_BY, owner, deadline_ms=_LONGEST_MS)
        except ControlError as error:
            raise UnusableStore(error.message) from error

    async def close(self) -> None:
        """The connection is the host's."""
