"""Makes output safe for a terminal, and whole for a pipe or a file."""

from __future__ import annotations

import io
import sys
from typing import Final

NO_WIDTH: Final = 10_000
"""Columns of a pipe or a file: wide enough that no line wraps."""

_UNSAFE: Final = dict.fromkeys((*(code for code in range(32) if chr(code) not in "\n\t"), *range(127, 160)))


def take_any_text() -> None:
    """Replaces characters that the terminal can't show, and bytes of standard input that aren't text."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def without_controls(text: str) -> str:
    """The text without control characters: a model or a provider could control the terminal with them."""
    return text.translate(_UNSAFE)
