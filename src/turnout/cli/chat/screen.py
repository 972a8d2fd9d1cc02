"""Where an answer appears: a terminal, or a pipe that gets nothing but its text."""

from __future__ import annotations

import sys

from turnout.cli.terminal import harmless

_DIM, _PLAIN = "\x1b[2m", "\x1b[0m"


class Screen:
    """``say`` writes the answer, ``think`` the thoughts before it; ``note`` and ``warn`` what is part of neither."""

    def __init__(self) -> None:
        self._for_people = sys.stdout.isatty()
        self._thinking = False
        self._open_line = False

    def say(self, text: str) -> None:
        if self._thinking:
            self.end()
        self._write(text)

    def think(self, text: str) -> None:
        """Dimmed; a pipe doesn't get it."""
        if not self._for_people:
            return
        if not self._thinking:
            sys.stdout.write(_DIM)
        self._thinking = True
        self._write(text)

    def end(self) -> None:
        """Ends the line, if one was begun."""
        if self._thinking:
            sys.stdout.write(_PLAIN)
        if self._open_line:
            sys.stdout.write("\n")
        sys.stdout.flush()
        self._thinking = self._open_line = False

    def note(self, text: str) -> None:
        """On standard error; dimmed on a terminal."""
        if text:
            dim, plain = (_DIM, _PLAIN) if sys.stderr.isatty() else ("", "")
            print(f"{dim}{harmless(text)}{plain}", file=sys.stderr, flush=True)  # noqa: T201  # speaks to people

    def warn(self, text: str) -> None:
        print(harmless(text), file=sys.stderr, flush=True)  # noqa: T201  # speaks to people

    def _write(self, text: str) -> None:
        sys.stdout.write(harmless(text) if self._for_people else text)
        sys.stdout.flush()
        self._open_line = not text.endswith("\n")
