"""Deployments as a table."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import msgspec
from rich.console import Console
from rich.table import Table

from turnout.cli.terminal import NO_WIDTH, without_controls
from turnout.marks import HandMark
from turnout.routing import Health, LiveFigures


class Row(msgspec.Struct, frozen=True):
    """A deployment as the service tells of it."""

    id: str
    models: tuple[str, ...]
    mark: HandMark | None
    health: Health
    figures: LiveFigures


class _List(msgspec.Struct, frozen=True):
    data: tuple[Row, ...]


def rows_in(answer: bytes) -> tuple[Row, ...]:
    return msgspec.json.decode(answer, type=_List).data


def print_table(rows: tuple[Row, ...]) -> None:
    console = console_for_tables()
    table = new_table("Deployment", "Models", "State", "Since", "Reason", right=FIGURE_TITLES)
    for row in rows:
        cells = row.id, ", ".join(row.models), *_standing(row), *figure_cells(row.figures)
        table.add_row(*map(without_controls, cells))
    console.print(table)


def _standing(row: Row) -> tuple[str, str, str]:
    """State, since when, and reason. A mark counts more than the breaker's state."""
    if row.mark is not None:
        return row.mark.state, _time(row.mark.since), f"by hand{f' of {row.mark.by}' if row.mark.by else ''}"
    return row.health.state, _time(row.health.since), row.health.reason or ""


def _time(unix: float | None) -> str:
    return "" if unix is None else datetime.fromtimestamp(unix, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


FIGURE_TITLES = ("In flight", "First token", "Per token", "Answered")


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
