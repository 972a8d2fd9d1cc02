"""Rates a period of the ledger again, and shows the sums before and after."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec
import typer

from turnout.catalog import Catalog
from turnout.cli.database import BY_COMMAND, opened
from turnout.cli.tables import console_for_tables, new_table
from turnout.config import CommandLine
from turnout.core import usd
from turnout.ledger import Difference, Recomputing
from turnout.server.control.periods import HOUR, period_of
from turnout.storage import RatedPeriod

_MICROSECONDS = 10**6


def recomputed(
    config: Path | None, data_dir: str | None, between: tuple[str, str | None], model: str | None, *, dry_run: bool
) -> dict[str, Difference]:
    """The differences by model. Raises ``TurnoutError``."""
    hours = period_of(*between)
    period = RatedPeriod(hours.begin * HOUR * _MICROSECONDS, hours.end * HOUR * _MICROSECONDS, model)
    catalog = Catalog(CommandLine(config=config, data_dir=data_dir))

    async def run() -> dict[str, Difference]:
        async with opened(catalog) as database:
            await catalog.refresh_api_models(database)
            await catalog.follow_price_book(database)
            rate = catalog.past_prices().rate
            return await Recomputing(database, BY_COMMAND).run(period, rate, dry_run=dry_run, progress=_show)

    return asyncio.run(run())


def print_differences(differences: Mapping[str, Difference], *, as_json: bool) -> None:
    rows = sorted(differences.items(), key=lambda row: -abs(row[1].after - row[1].before))
    if as_json:
        told = [{"model": model, **msgspec.structs.asdict(each)} for model, each in rows]
        typer.echo(msgspec.json.format(msgspec.json.encode(told), indent=2).decode())
        return
    columns = ("Attempts", "Changed", "Newly priced", "No price", "Before", "After")
    table = new_table("Model", right=columns)
    for model, each in (*rows, ("Together", _sum(differences))):
        counts = (each.attempts, each.changed, each.newly_priced, each.unpriced)
        table.add_row(model, *[f"{count:,}" for count in counts], f"${usd(each.before)}", f"${usd(each.after)}")
    console_for_tables().print(table)


def _sum(differences: Mapping[str, Difference]) -> Difference:
    fields = Difference.__struct_fields__
    return Difference(*[sum(getattr(each, name) for each in differences.values()) for name in fields])


def _show(done: int) -> None:
    if sys.stderr.isatty():
        typer.echo(f"\r{done:,} attempts", nl=False, err=True)
