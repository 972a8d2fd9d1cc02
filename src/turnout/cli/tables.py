"""What the tables of several commands have in common."""

from __future__ import annotations

import sys
from typing import Final

from rich.console import Console
from rich.table import Table

from turnout.cli.terminal import NO_WIDTH
from turnout.routing import LiveFigures

FIGURE_TITLES: Final = ("In flight", "First token", "Per token", "Answered")


def figure_cells(figures: LiveFigures) -> tuple[str, str, str, str]:
    """The cells of ``FIGURE_TITLES``; a dash where nothing is known."""
    return (
        str(figures.in_flight),
        "-" if figures.first_token is None else f"{figures.first_token:.2f} s",
        "-" if figures.per_token is None else f"{figures.per_token * 1000:.1f} ms",
        "-" if figures.answered is None else f"{figures.answered:.0%}",
    )


def new_table(*left: str, right: tuple[str, ...] = ()) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title in left:
        table.add_column(title, overflow="fold")
    for title in right:
        table.add_column(title, justify="right")
    return table


def console_for_tables() -> Console:
    """Lines of a pipe or a file don't wrap."""
    console = Console(markup=False, highlight=False, emoji=False)
    if not sys.stdout.isatty():
        console.width = NO_WIDTH
    return console
