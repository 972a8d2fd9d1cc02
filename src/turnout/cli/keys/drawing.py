"""Keys, users and teams as tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from turnout.cli.tables import console_for_tables, new_table
from turnout.cli.terminal import without_controls

Record = Mapping[str, Any]

_TIMES: Final = ("created", "updated", "revoked", "last_used", "until")


def draw_keys(rows: Iterable[Record]) -> None:
    titles = ("Key", "Name", "Begins", "Status", "User", "Team", "Tier", "Limits", "Budget", "Expires", "Last used")
    table = new_table(*titles)
    for row in rows:
        name = "" if row["name"] == row["id"] else row["name"] or ""
        last = "-" if row["last_used"] is None else time_text(row["last_used"])[:13]
        whose = (row["user"], row["team"], row["tier"])
        allowed = (text_of(row["limits"]), text_of(row["budget_usd"]), row["expires"] or "-")
        cells = (row["id"], name, row["prefix"] or "(file)", row["status"], *whose, *allowed, last)
        table.add_row(*map(without_controls, cells))
    console_for_tables().print(table)


def draw_accounts(rows: Sequence[Record]) -> None:
    is_user = any("team" in row for row in rows)
    table = new_table("Name", *(("Team",) if is_user else ()), "Source", "Models", "Limits", "Budget")
    for row in rows:
        team = (row["team"],) if is_user else ()
        cells = (row["id"], *team, row["source"], text_of(row["models"]), text_of(row["limits"]))
        table.add_row(*map(without_controls, (*cells, text_of(row["budget_usd"]))))
    console_for_tables().print(table)


def draw_record(record: Record) -> None:
    """A line for each field that says something."""
    table = new_table("Field", "Value")
    for name, value in record.items():
        if value not in (None, "", [], {}, False):
            table.add_row(name, without_controls(time_text(value) if name in _TIMES else text_of(value)))
    console_for_tables().print(table)


def draw_policy(policy: Record) -> None:
    console = console_for_tables()
    rights = [name for name in ("admin", "auditor") if policy[name]]
    whose = [f"{name} {policy[name]}" for name in ("user", "team", "tier") if policy[name]]
    lines = [", ".join((policy["key"], *whose, *rights))]
    if policy["expires"] is not None:
        lines.append(f"Good until {time_text(policy['expires'])}.")
    lines.append(f"Operations: {text_of(policy['operations'])}")
    lines += [f"Models by the {each['scope']} {each['name']}: {text_of(each['patterns'])}" for each in policy["models"]]
    if not policy["models"]:
        lines.append("Models: all")
    for line in lines:
        console.print(without_controls(line))
    if not policy["gauges"]:
        console.print("Nothing is counted: no limit and no budget holds for it.")
        return
    table = new_table("Counted", "Used", "Reserved", "Resets")
    for gauge in policy["gauges"]:
        resets = "-" if gauge["resets"] is None else time_text(gauge["resets"])
        table.add_row(
            *map(without_controls, (gauge["says"], text_of(gauge["used"]), text_of(gauge["reserved"]), resets))
        )
    console.print(table)


def text_of(value: Any) -> str:
    if value is None or value in ([], {}):
        return "-"
    if isinstance(value, dict):
        return ", ".join(f"{name} {text_of(inner)}" for name, inner in value.items() if inner not in (None, [], {}))
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, float):
        return f"{value:.15g}"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def time_text(unix: float) -> str:
    return f"{datetime.fromtimestamp(unix, UTC):%Y-%m-%d %H:%M:%SZ}"
