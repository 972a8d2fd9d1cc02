"""Compares or remakes the rollups, and says how far it is."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar

import typer

from turnout.catalog import Catalog
from turnout.config import CommandLine
from turnout.ledger import Upkeep
from turnout.storage import LazyDatabase

T = TypeVar("T")

_SHOWN: Final = 20
"""Wrong hours and days that are named."""


def verify_all(config: Path | None, data_dir: str | None) -> bool:
    """Whether every sum is right. Raises ``TurnoutError``."""
    compared = _run(config, data_dir, lambda upkeep: upkeep.verify(_show))
    typer.echo(f"{compared.hours:,} hours and {compared.days:,} days compared: {compared.differences:,} sums differ.")
    for hour in compared.wrong_hours[:_SHOWN]:
        typer.echo(f"  {datetime.fromtimestamp(hour * 3600, UTC):%Y-%m-%dT%H:00Z}")
    for day in compared.wrong_days[:_SHOWN]:
        typer.echo(f"  {datetime.fromtimestamp(day * 86_400, UTC):%Y-%m-%d}")
    if compared.differences:
        typer.echo("`turnout ledger rebuild` makes them again from the attempts.")
    return not compared.differences


def rebuild_all(config: Path | None, data_dir: str | None) -> None:
    """Raises ``TurnoutError``."""
    hours = _run(config, data_dir, lambda upkeep: upkeep.rebuild(_show))
    typer.echo(f"The sums of {hours:,} hours were made again.")


def _run(config: Path | None, data_dir: str | None, work: Callable[[Upkeep], Awaitable[T]]) -> T:
    folder = Path(Catalog(CommandLine(config=config, data_dir=data_dir)).settings.data_dir)
    database = LazyDatabase(folder, os.environ.get("DATABASE_URL"))

    async def run() -> T:
        try:
            return await work(Upkeep(database))
        finally:
            await database.close()

    return asyncio.run(run())


def _show(done: int, of: int) -> None:
    if sys.stderr.isatty():
        typer.echo(f"\r{done:,} of {of:,}", nl=False, err=True)
