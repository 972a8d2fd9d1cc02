"""A conversation at a terminal.

The main thread reads the input, and Ctrl-C interrupts it. The event loop has its own thread, so that connections,
discovery and the ledger go on while the user thinks.
"""

from __future__ import annotations

import contextlib

from turnout.errors import TurnoutError
from turnout.library import Turnout
from turnout.library.background import Background

from .conversation import Conversation
from .screen import Screen
from .turn import Turn


def talk(turnout: Turnout, model: str | None, system: str | None) -> None:
    """Returns after Ctrl-D. Raises ``TurnoutError`` when there is no such model."""
    background = Background()
    try:
        background.run(turnout.__aenter__())
        try:
            _Talk(background, turnout, model, system).run()
        finally:
            background.run(turnout.__aexit__(None, None, None))
    finally:
        background.close()


class _Talk:
    def __init__(self, background: Background, turnout: Turnout, model: str | None, system: str | None) -> None:
        self._background = background
        self._turnout = turnout
        self._model = background.run(turnout.find(model)).name
        self._conversation = Conversation(system)
        self._screen = Screen()

    def run(self) -> None:
        _prepare_line_editing()
        self._screen.note(f"{self._model}. Ctrl-C stops an answer, Ctrl-D leaves.")
        while (question := self._read()) is not None:
            if question.strip():
                self._ask(question)

    def _read(self) -> str | None:
        """The next question. Empty after Ctrl-C; None after Ctrl-D."""
        try:
            return input("> ")
        except KeyboardInterrupt:
            self._screen.say("\n")
            self._screen.note("Ctrl-D leaves.")
            return ""
        except EOFError:
            self._screen.say("\n")
            return None

    def _ask(self, question: str) -> None:
        turn = Turn(self._turnout, self._model, self._conversation.with_question(question))
        try:
            self._background.run(turn.run(self._screen))
        except KeyboardInterrupt:
            self._screen.note("stopped")
        except TurnoutError as error:
            self._screen.warn(f"turnout: {error.message}")
        if turn.reply is not None:
            self._conversation.keep(question, turn.reply.text)
        self._screen.note(turn.figures())


def _prepare_line_editing() -> None:
    """Gives ``input`` arrow keys and a history, and makes a pasted text of several lines one question."""
    with contextlib.suppress(ImportError):  # not on every system
        import readline

        readline.parse_and_bind("set enable-bracketed-paste on")
