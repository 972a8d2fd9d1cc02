"""Shows an answer on a terminal. A pipe gets only the answer's text."""

from __future__ import annotations

import sys

from turnout.cli.terminal import without_controls

_DIM, _PLAIN = "\x1b[2m", "\x1b[0m"


class Screen:
    """``say`` writes the answer, ``think`` the reasoning before it. ``note`` and ``warn`` write everything else."""

    def __init__(self) -> None:
        self._is_terminal = sys.stdout.isatty()
        self._thinking = False
        self._open_line = False

    def say(self, text: str) -> None:
        if self._thinking:
            self.end()
        self._write(text)

    def think(self, text: str) -> None:
        """Writes dimmed text to a terminal, and nothing to a pipe."""
        if not self._is_terminal:
            return
        if not self._thinking:
            sys.stdout.write(_DIM)
        self._thinking = True
        self._write(text)

    def end(self) -> None:
        """Ends an unfinished line."""
        if self._thinking:
            sys.stdout.write(_PLAIN)
        if self._open_line:
            sys.stdout.write("\n")
        sys.stdout.flush()
        self._thinking = self._open_line = False

    def note(self, text: str) -> None:
        """Writes to standard error, dimmed on a terminal."""
        if text:
            dim, plain = (_DIM, _PLAIN) if sys.stderr.isatty() else ("", "")
            print(f"{dim}{without_controls(text)}{plain}", file=sys.stderr, flush=True)  # noqa: T201  # for the user

    def warn(self, text: str) -> None:
        print(without_controls(text), file=sys.stderr, flush=True)  # noqa: T201  # for the user

    def _write(self, text: str) -> None:
        sys.stdout.write(without_controls(text) if self._is_terminal else text)
        sys.stdout.flush()
        self._open_line = not text.endswith("\n")
