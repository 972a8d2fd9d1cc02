"""The results of the last run of every client, in results.json, and the page that is made of them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from .client import Client
from .install import versions
from .page import write

FILE = Path(__file__).parent / "results.json"


class Row(msgspec.Struct):
    """``cells`` are by provider, then by task. ``lacks`` are the client's own."""

    versions: list[str]
    date: str
    lacks: dict[str, str]
    cells: dict[str, dict[str, str]]


Results = dict[str, Row]
"""By the client's name."""


def put(client: Client, provider: str, verdicts: dict[str, str]) -> None:
    """Writes the file and the page. Tasks that weren't run keep what they were, if the versions are still the same.

    The file is read each time, so that two clients can be run at the same time.
    """
    rows = msgspec.json.decode(FILE.read_bytes(), type=Results) if FILE.exists() else Results()
    row = rows.get(client.name)
    if row is None or row.versions != versions(client.package):
        row = rows[client.name] = Row(versions(client.package), "", {}, {})
    row.date = datetime.now(UTC).date().isoformat()
    row.lacks = dict(client.lacks)
    row.cells[provider] = row.cells.get(provider, {}) | verdicts
    row.cells = {name: {t: v for t, v in cell.items() if t not in row.lacks} for name, cell in row.cells.items()}
    FILE.write_bytes(msgspec.json.format(msgspec.json.encode(rows, order="sorted"), indent=1) + b"\n")
    write(rows)
