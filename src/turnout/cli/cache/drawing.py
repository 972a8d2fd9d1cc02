"""A cache's figures as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from turnout.cli.tables import console_for_tables, new_table

_MEGABYTE: Final = 1024 * 1024


def draw(record: Mapping[str, Any]) -> None:
    table = new_table("", right=("",))
    table.show_header = False
    for name, text in figures(record):
        table.add_row(name, text)
    console_for_tables().print(table)


def figures(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    requests = record["requests"]
    asked = requests["hit"] + requests["miss"]
    rows = [
        ("Hits", f"{requests['hit']:,}" + (f" ({requests['hit'] / asked:.0%})" if asked else "")),
        ("Misses", f"{requests['miss']:,}"),
        ("Not for the cache", f"{requests['bypass']:,}"),
        ("Saved", f"${record['saved_usd']}"),
        ("Kept in", record["store"]),
        ("Kept for", f"{record['ttl']:g} s"),
        ("Shared by", record["share"]),
    ]
    if record["entries"] is not None:
        rows += [("Answers", f"{record['entries']:,}"), ("Memory", f"{record['bytes'] / _MEGABYTE:.1f} MB")]
    return rows if record["error"] is None else [*rows, ("Wrong", record["error"])]
