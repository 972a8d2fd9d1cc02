"""Changes as a table: what differs between before and after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from turnout.cli.keys.drawing import text_of, time_text
from turnout.cli.tables import console_for_tables, new_table
from turnout.cli.terminal import without_controls

Row = Mapping[str, Any]


def draw_changes(rows: Iterable[Row]) -> None:
    table = new_table("Time", "Who", "Action", "Kind", "Subject", "Change")
    for row in rows:
        cells = (time_text(row["time"]), row["who"], row["action"], row["kind"], row["subject"], change(row))
        table.add_row(*map(without_controls, cells))
    console_for_tables().print(table)


def change(row: Row) -> str:
    """Each field that has changed. Of what is new or gone, each field that says something."""
    before, after = row["before"] or {}, row["after"] or {}
    names = [name for name in {**before, **after} if _said(before.get(name)) != _said(after.get(name))]
    if not row["before"] or not row["after"]:
        return ", ".join(f"{name} {text_of(after.get(name) or before.get(name))}" for name in names)
    return ", ".join(f"{name} {text_of(before.get(name))} → {text_of(after.get(name))}" for name in names)


def _said(value: Any) -> Any:
    return None if value in ("", [], {}, False) else value
