"""The versions of the price book, how they differ, and which one counts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import typer

from turnout.catalog import SHIPPED, Catalog, take_book
from turnout.cli.database import BY_COMMAND, opened
from turnout.cli.tables import console_for_tables, new_table
from turnout.config import CommandLine
from turnout.errors import ConfigError, TurnoutError
from turnout.prices import Changed, PriceBook, decoded, differences, price_book
from turnout.storage import LazyDatabase, TakenVersion

T = TypeVar("T")


def run(config: Path | None, data_dir: str | None, work: Callable[[LazyDatabase], Awaitable[T]]) -> T:
    """Raises ``TurnoutError``."""
    catalog = Catalog(CommandLine(config=config, data_dir=data_dir))

    async def on_database() -> T:
        async with opened(catalog) as database:
            return await work(database)

    return asyncio.run(on_database())


def print_versions(config: Path | None, data_dir: str | None, *, as_json: bool) -> None:
    versions = run(config, data_dir, _versions)
    if as_json:
        _print_json([msgspec.to_builtins(version) for version in versions])
        return
    table = new_table("Version", "Taken", "Source", "")
    for place, version in enumerate(versions):
        taken = f"{datetime.fromtimestamp(version.taken, UTC):%Y-%m-%d %H:%M} UTC"
        table.add_row(version.version, taken, version.source, "" if place else "counts")
    if versions:
        console_for_tables().print(table)
    shipped = price_book().version
    if not versions:
        typer.echo(f"No version was taken yet: the first start takes {shipped}, which ships with this Turnout.")
    elif versions[0].version != shipped:
        typer.echo(f"{shipped} ships with this Turnout. `turnout prices diff` shows what it changes.")


def print_differences(config: Path | None, data_dir: str | None, version: str | None, *, as_json: bool) -> None:
    """From the version that counts to the shipped one, or from ``version`` to the one that counts."""
    old, new = run(config, data_dir, lambda database: _compared(database, version))
    changes = differences(old, new)
    if as_json:
        _print_json([msgspec.to_builtins(change) for change in changes])
        return
    typer.echo(f"{old.version} → {new.version}: {len(changes):,} models differ.")
    table = new_table("Source", "Model", "Change")
    for change in changes:
        table.add_row(change.source, change.model, _change(change))
    if changes:
        console_for_tables().print(table)


def take_version(config: Path | None, data_dir: str | None, version: str | None) -> str:
    """The version that counts now. Raises ``TurnoutError``."""
    return run(config, data_dir, lambda database: _take(database, version))


async def book_that_counts(database: LazyDatabase) -> PriceBook:
    """Raises ``StorageUnavailable``."""
    store = await database.price_books()
    number = await store.newest()
    return decoded(await store.content(number)) if number else price_book()


async def _versions(database: LazyDatabase) -> list[TakenVersion]:
    return await (await database.price_books()).versions()


async def _compared(database: LazyDatabase, version: str | None) -> tuple[PriceBook, PriceBook]:
    counting = await book_that_counts(database)
    return (counting, price_book()) if version is None else ((await _taken(database, version))[0], counting)


async def _take(database: LazyDatabase, version: str | None) -> str:
    if version is None:
        book, source = price_book(), None
    else:
        book, source = await _taken(database, version)
    store = await database.price_books()
    versions = await store.versions()
    if versions and versions[0].version == book.version:
        return book.version
    if not await take_book(store, book, versions, source or SHIPPED, BY_COMMAND):
        raise TurnoutError("Another price book was taken at the same moment. `turnout prices` shows which.")
    return book.version


async def _taken(database: LazyDatabase, version: str) -> tuple[PriceBook, str]:
    """The book of that version, and its source. Raises ``ConfigError`` for one that was never taken."""
    store = await database.price_books()
    for taken in await store.versions():
        if taken.version == version:
            return decoded(await store.content(taken.number)), taken.source
    raise ConfigError(f"The version '{version}' was never taken here. `turnout prices` lists those that were.")


def _change(change: Changed) -> str:
    before, after = change.before, change.after
    if before is None or after is None:
        return f"added: {_rates(after)}" if after is not None else f"removed: {_rates(before)}"
    names = {**before, **after}
    return ", ".join(f"{name} {before.get(name, 'none')} → {after.get(name, 'none')}" for name in names)


def _rates(entries: dict[str, str] | None) -> str:
    return ", ".join(f"{name} {value}" for name, value in (entries or {}).items() if " " not in name)


def _print_json(told: list[Any]) -> None:
    typer.echo(msgspec.json.format(msgspec.json.encode(told), indent=2).decode())
