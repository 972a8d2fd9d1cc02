"""Lists and searches, as a table or as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import typer

from turnout.cli.keys.asking import asked, printed
from turnout.cli.service import Service
from turnout.cli.tables import console_for_tables, new_table
from turnout.cli.terminal import without_controls

COLLECTIONS: Final = "/v1/vector/collections"
_LONGEST_PAYLOAD: Final = 200  # characters of a payload in a table


def of_owner(owner: str | None) -> dict[str, str] | None:
    return None if owner is None else {"owner": owner}


def list_collections(service: Service, owner: str | None, *, as_json: bool) -> None:
    rows = asked(service, "GET", COLLECTIONS, query=of_owner(owner))["collections"]
    if as_json:
        printed(rows)
        return
    table = new_table("Collection", "Owner", "Distance", right=("Size", "Points"))
    for row in rows:
        names = map(without_controls, (row["collection_name"], row["owner"], row["distance"]))
        table.add_row(*names, str(row["vector_size"]), f"{row['points_count']:,}")
    console_for_tables().print(table)


def searched(
    service: Service,
    said: Mapping[str, Any],
    vector: Path | None,
    threshold: str | None,
    filter_: str | None,
    owner: str | None,
    *,
    as_json: bool,
) -> None:
    """Raises ``typer.BadParameter`` and ``TurnoutError``."""
    body = {name: value for name, value in said.items() if value is not None}
    if vector is not None:
        body["query_vector"] = _json(vector.read_text(), "--vector")
    if threshold is not None:
        body["score_threshold"] = None if threshold == "none" else _json(threshold, "--threshold")
    if filter_ is not None:
        body["filter"] = _json(filter_, "--filter")
    found = asked(service, "POST", "/v1/vector/search", body, of_owner(owner))
    if as_json:
        printed(found)
        return
    _draw(found["results"])
    if not found["results"] and found["score_threshold"] is not None:
        typer.echo(f"Nothing scores {found['score_threshold']}. '--threshold none' takes every score.", err=True)


def _draw(hits: list[dict[str, Any]]) -> None:
    table = new_table("Score", "Id", "Payload")
    for hit in hits:
        payload = msgspec.json.encode(hit["payload"]).decode()
        if len(payload) > _LONGEST_PAYLOAD:
            payload = f"{payload[:_LONGEST_PAYLOAD]}…"
        table.add_row(f"{hit['score']:.4f}", *map(without_controls, (hit["id"], payload)))
    console_for_tables().print(table)


def _json(text: str, option: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise typer.BadParameter(f"This is no JSON: {error}.", param_hint=option) from None
