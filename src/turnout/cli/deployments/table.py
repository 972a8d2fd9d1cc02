"""Deployments as a table."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from turnout.cli.tables import FIGURE_TITLES, console_for_tables, figure_cells, new_table
from turnout.cli.terminal import without_controls
from turnout.marks import HandMark
from turnout.routing import Health, LiveFigures


class Row(msgspec.Struct, frozen=True):
    """A deployment as the service tells of it."""

    id: str
    models: tuple[str, ...]
    mark: HandMark | None
    by_hand: str | None
    under_way: int | None
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
        reason = f"by hand{f' of {row.mark.by}' if row.mark.by else ''}"
        if row.by_hand == "draining":
            reason += f", {row.under_way} under way"
        return row.by_hand or row.mark.state, _time(row.mark.since), reason
    return row.health.state, _time(row.health.since), row.health.reason or ""


def _time(unix: float | None) -> str:
    return "" if unix is None else datetime.fromtimestamp(unix, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
