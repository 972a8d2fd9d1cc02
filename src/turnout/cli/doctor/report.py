"""Prints the findings, on a terminal or into a file."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.text import Text

from turnout.cli.terminal import without_controls

from .check import Check, Mark, Section

_SIGNS: Final[dict[Mark, tuple[str, str]]] = {"ok": ("✓", "green"), "note": ("-", "yellow"), "wrong": ("✗", "bold red")}
_INDENT: Final = 4


def print_report(console: Console, sections: Sequence[Section]) -> None:
    for section in sections:
        if section.checks:
            console.print(Text(section.title, style="bold"))
            for check in section.checks:
                console.print(_paragraph(check, console.width), soft_wrap=True)
            console.print()
    console.print(_verdict(count_wrong(sections)))


def count_wrong(sections: Sequence[Section]) -> int:
    return sum(check.mark == "wrong" for section in sections for check in section.checks)


def _paragraph(check: Check, width: int) -> Text:
    """Wraps a check's text. Long words stay whole: people copy addresses and commands."""
    sign, style = _SIGNS[check.mark]
    first = f"  {sign} "
    lines = textwrap.fill(
        without_controls(check.text),
        width,
        initial_indent=first,
        subsequent_indent=" " * _INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )
    text = Text(lines)
    text.stylize(style, 0, len(first))
    return text


def _verdict(wrong: int) -> Text:
    if wrong == 0:
        return Text("Everything is well.", style="green")
    return Text("1 thing to mend." if wrong == 1 else f"{wrong} things to mend.", style="bold red")
