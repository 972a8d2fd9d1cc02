"""Sends the points of a file, piece by piece, and shows how far it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from turnout.cli.keys.asking import asked
from turnout.cli.service import Service
from turnout.errors import TurnoutError

from .asking import COLLECTIONS, of_owner

_MOST_POINTS: Final = 250
_MOST_BYTES: Final = 8 * 1024 * 1024
_SECONDS: Final = 120.0
"""For a piece: its texts may have to be embedded."""

_SIZE: Final = 1536


class Piece(NamedTuple):
    """``lines`` are those of the file from number ``first`` on, ``size`` bytes with the empty ones between them."""

    first: int
    last: int
    lines: list[msgspec.Raw]
    size: int


def load_file(
    service: Service, file: Path, collection: str, model: str | None, size: int | None, owner: str | None
) -> None:
    """Raises ``TurnoutError``, which says how many points are written and at which lines it stopped."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
    )
    written = 0
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(collection, total=file.stat().st_size)
        for piece in pieces_of(file):
            if not written:
                _make_if_missing(service, collection, size or _size_of(piece.lines[0]), owner)
            body = {"collection_name": collection, "points": piece.lines} | ({"model": model} if model else {})
            _send(service, body, owner, piece, written)
            written += len(piece.lines)
            progress.update(task, advance=piece.size, description=f"{collection}: {written:,} points")
    typer.echo(f"{written:,} points are written to {collection}.")


def pieces_of(file: Path) -> Iterator[Piece]:
    """Raises ``TurnoutError`` for a line that isn't JSON."""
    lines: list[msgspec.Raw] = []
    first, number, size = 1, 0, 0
    with file.open("rb") as opened:
        for number, line in enumerate(opened, 1):
            if lines and (len(lines) >= _MOST_POINTS or size + len(line) > _MOST_BYTES):
                yield Piece(first, number - 1, lines, size)
                first, lines, size = number, [], 0
            size += len(line)
            if line.strip():
                lines.append(_checked(line, f"{file}:{number}"))
    if lines:
        yield Piece(first, number, lines, size)


def _checked(line: bytes, where: str) -> msgspec.Raw:
    try:
        return msgspec.json.decode(line, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TurnoutError(f"{where}: this is no JSON: {error}.") from None


def _send(service: Service, body: dict[str, Any], owner: str | None, piece: Piece, written: int) -> None:
    try:
        asked(service, "POST", "/v1/vector/points", body, of_owner(owner), seconds=_SECONDS)
    except TurnoutError as error:
        before = f"The points before line {piece.first} are written ({written:,}). " if written else ""
        raise TurnoutError(f"{before}Lines {piece.first} to {piece.last}: {error.message}") from error


def _make_if_missing(service: Service, collection: str, size: int, owner: str | None) -> None:
    try:
        asked(service, "POST", COLLECTIONS, {"collection_name": collection, "vector_size": size}, of_owner(owner))
    except TurnoutError as error:
        if error.status != 409:
            raise


def _size_of(line: msgspec.Raw) -> int:
    point = msgspec.json.decode(line)
    vector = point.get("vector") if isinstance(point, dict) else None
    return len(vector) if isinstance(vector, list) and vector else _SIZE
