"""The rates of a model."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import typer

from turnout.catalog import Catalog
from turnout.cli.database import opened
from turnout.cli.tables import console_for_tables, new_table
from turnout.config import CommandLine
from turnout.core import Price
from turnout.errors import TurnoutError, UnknownModel
from turnout.prices import PriceBook, listed

from .books import book_that_counts


def print_rates(config: Path | None, data_dir: str | None, model: str, *, as_json: bool) -> None:
    """Raises ``TurnoutError`` for a model that has no price anywhere."""
    catalog = Catalog(CommandLine(config=config, data_dir=data_dir))

    async def book() -> PriceBook:
        async with opened(catalog) as database:
            await catalog.refresh_api_models(database)
            await catalog.follow_price_book(database)
            return await book_that_counts(database)

    found = asyncio.run(book())
    prices = _prices(catalog, model) or _in(found, model)
    if not prices:
        raise TurnoutError(f"Nothing that is called '{model}' is served here or has a price in the price book.")
    if as_json:
        told = [{"place": place, "price": _as_json(price)} for place, price in prices.items()]
        typer.echo(msgspec.json.format(msgspec.json.encode(told), indent=2).decode())
        return
    for place, price in prices.items():
        _print(place, price)


def _prices(catalog: Catalog, model: str) -> dict[str, Price | None]:
    """By deployment; empty for a model that isn't served."""
    try:
        return {deployment.id: deployment.price for deployment in catalog.snapshot.find(model).deployments}
    except UnknownModel:
        return {}


def _in(book: PriceBook, model: str) -> dict[str, Price | None]:
    """By the book's sources, those that know the model."""
    source, _, name = model.partition("/")
    if source in book.sources and name:
        return {model: price} if (price := book.price_of(source, name)) else {}
    found = {f"{source}/{model}": book.price_of(source, model) for source in book.sources}
    return {place: price for place, price in found.items() if price is not None}


def _as_json(price: Price | None) -> dict[str, str] | None:
    return None if price is None else {"version": price.version, **listed(price)}


def _print(place: str, price: Price | None) -> None:
    if price is None:
        typer.echo(f"{place}: no price is known")
        return
    typer.echo(f"{place}, by {price.version}")
    table = new_table("  USD", right=("",))
    for name, rate in listed(price).items():
        table.add_row(f"  {name}", rate)
    console_for_tables().print(table)
