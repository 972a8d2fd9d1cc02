"""One answer, for a pipe or a script."""

from __future__ import annotations

import asyncio

from turnout.library import Turnout

from .conversation import Conversation
from .screen import Screen
from .turn import Turn


def answer_once(turnout: Turnout, model: str | None, system: str | None, prompt: str) -> None:
    """Raises ``TurnoutError`` when the answer fails or breaks off."""
    asyncio.run(_answer(turnout, model, Conversation(system), prompt))


async def _answer(turnout: Turnout, model: str | None, conversation: Conversation, prompt: str) -> None:
    async with turnout:
        screen = Screen()
        turn = Turn(turnout, model, conversation.with_question(prompt))
        try:
            await turn.run(screen)
        finally:
            screen.note(turn.figures())
