"""What a terminal, a pipe and a file ask of what is printed."""

from __future__ import annotations

import io
import sys
from typing import Final

NO_WIDTH: Final = 10_000
"""Columns of a pipe or a file, so that nothing is folded there."""

_UNSAFE: Final = dict.fromkeys((*(code for code in range(32) if chr(code) not in "\n\t"), *range(127, 160)))


def take_any_text() -> None:
    """A terminal that can't show a character shows another one; what isn't text on standard input is replaced too."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def harmless(text: str) -> str:
    """Without what could move a terminal's cursor, rename its window or worse, if a model or a provider said it."""
    return text.translate(_UNSAFE)
