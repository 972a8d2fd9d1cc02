"""Every process on one database bills by the price book that was taken last."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from msgspec import structs

from tests.catalog.support import make_catalog, only
from tests.host.stage import until
from turnout.catalog.taken_book import FILE_NAME, TakenBook, take_book
from turnout.config import CommandLine
from turnout.errors import StorageUnavailable
from turnout.gateway import GatewaySetup
from turnout.prices import PriceBook, price_book
from turnout.prices.book import DatedTariff, Match, PricedModel, Source
from turnout.storage import AuditEntry, AuditFilter, BookRow, LazyDatabase

TEXT = "models: {m: openai/gpt-4o-mini}\nprices: {take: TAKE}"
KEY = {"OPENAI_API_KEY": "k"}
OLD, NEW, NEWEST = "0.2.3+2026-11-30", "0.2.3+2026-12-01", "0.10.0+2026-11-30"


def book(version: str, usd: int = 1) -> PriceBook:
    tariff = DatedTariff(input=usd * 10**6)
    return PriceBook(version, {"openai": Source((PricedModel(Match(starts_with="gpt"), (tariff,)),))})


@pytest_asyncio.fixture
async def database(database_address: str, tmp_path: Path) -> AsyncIterator[LazyDatabase]:
    database = LazyDatabase(tmp_path, database_address)
    yield database
    await database.close()


def process(folder: Path, name: str, version: str) -> TakenBook:
    (folder / name).mkdir(exist_ok=True)
    return TakenBook(folder / name, book(version))


async def versions(database: LazyDatabase) -> list[str]:
    return [taken.version for taken in await (await database.price_books()).versions()]


async def test_the_first_start_takes_what_it_ships(database: LazyDatabase, tmp_path: Path) -> None:
    """Also where it shall ask, and also when several start at once."""
    processes = [process(tmp_path, name, OLD) for name in "abc"]
    changed = await asyncio.gather(*[taken.keep_up(database, "ask") for taken in processes])
    assert (changed, await versions(database)) == ([False] * 3, [OLD])
    assert [taken.book.version for taken in processes] == [OLD] * 3
    (row,) = await (await database.price_books()).versions()
    assert (row.number, row.source, row.taken > 1_700_000_000) == (1, "shipped with Turnout", True)
    (entry,) = await (await database.audit()).page(AuditFilter(), None, 9)
    assert (entry.who, entry.action, entry.kind, entry.subject) == ("turnout", "take", "prices", OLD)


async def test_a_newer_book_is_taken_and_every_process_follows(database: LazyDatabase, tmp_path: Path) -> None:
    old, new = process(tmp_path, "old", OLD), process(tmp_path, "new", NEWEST)
    assert await old.keep_up(database, "auto") is False
    assert await new.keep_up(database, "auto") is False
    assert (await old.keep_up(database, "auto"), old.book.version) == (True, NEWEST)
    assert await old.keep_up(database, "auto") is False
    again = process(tmp_path, "again", OLD)
    assert (await again.keep_up(database, "auto"), again.book.version) == (True, NEWEST)
    assert await versions(database) == [NEWEST, OLD]


async def test_asking_leaves_the_book_as_it_is_and_says_so(
    database: LazyDatabase, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await process(tmp_path, "old", OLD).keep_up(database, "ask")
    new = process(tmp_path, "new", NEW)
    with caplog.at_level(logging.WARNING):
        assert (await new.keep_up(database, "ask"), new.book.version) == (True, OLD)
        await new.keep_up(database, "ask")
    assert [record.getMessage().split(". `")[0] for record in caplog.records] == [f"a newer price book is there: {NEW}"]


async def test_whoever_goes_back_stays_there(database: LazyDatabase, tmp_path: Path) -> None:
    await process(tmp_path, "a", OLD).keep_up(database, "auto")
    new = process(tmp_path, "b", NEW)
    await new.keep_up(database, "auto")
    store = await database.price_books()
    assert await take_book(store, book(OLD), await store.versions())
    assert (await new.keep_up(database, "auto"), new.book.version) == (True, OLD)
    started = process(tmp_path, "b", NEW)
    await started.keep_up(database, "auto")
    assert (started.book.version, await versions(database)) == (OLD, [OLD, NEW, OLD])


async def test_of_two_that_take_at_once_one_does(database: LazyDatabase) -> None:
    store = await database.price_books()
    seen = await store.versions()
    taken = await asyncio.gather(*[take_book(store, book(version), seen) for version in (OLD, NEW)])
    assert sorted(taken) == [False, True]
    assert len(await store.versions()) == await store.newest() == 1


async def test_a_start_without_the_database_bills_by_the_book_that_was_taken(
    database: LazyDatabase, tmp_path: Path
) -> None:
    await process(tmp_path, "other", NEW).keep_up(database, "auto")
    taken = process(tmp_path, "here", OLD)
    await taken.keep_up(database, "auto")
    broken = LazyDatabase(tmp_path, "sqlite:////dev/null/no.db")
    started = process(tmp_path, "here", OLD)
    assert (await started.keep_up(broken, "auto"), started.book.version) == (False, NEW)
    assert started.problem is not None
    assert started.problem.startswith(f"the prices are those of {NEW}: The database can't be used")
    await started.keep_up(database, "auto")
    assert started.problem is None
    upgraded = process(tmp_path, "here", NEW)
    await upgraded.keep_up(database, "auto")
    (tmp_path / "here" / FILE_NAME).write_text("{")
    assert process(tmp_path, "here", OLD).book.version == OLD


async def test_the_file_goes_when_the_shipped_book_counts(database: LazyDatabase, tmp_path: Path) -> None:
    taken, file = process(tmp_path, "here", OLD), tmp_path / "here" / FILE_NAME
    await process(tmp_path, "other", NEW).keep_up(database, "auto")
    await taken.keep_up(database, "auto")
    assert file.exists()
    store = await database.price_books()
    await take_book(store, book(OLD), await store.versions())
    assert (await taken.keep_up(database, "auto"), file.exists()) == (True, False)


async def test_a_book_that_cannot_be_read_changes_nothing_and_is_told(database: LazyDatabase, tmp_path: Path) -> None:
    taken = process(tmp_path, "here", OLD)
    await taken.keep_up(database, "auto")
    store = await database.price_books()
    entry = AuditEntry(who="eve", action="take", kind="prices", subject="9")
    await store.take(BookRow(2, "9", "elsewhere", 0, '{"version": 9}'), entry)
    for _ in range(2):
        assert (await taken.keep_up(database, "auto"), taken.book.version) == (False, OLD)
        assert taken.problem is not None
        assert "the newest book can't be read" in taken.problem


async def test_a_catalog_bills_by_the_book_that_counts(database: LazyDatabase, tmp_path: Path) -> None:
    catalog = make_catalog(tmp_path, TEXT.replace("TAKE", "ask"), variables=KEY)
    shipped = price_book().price_of("openai", "gpt-4o-mini")
    assert only(catalog, "m").price == shipped
    store = await database.price_books()
    await take_book(store, book(NEW, 9), [])
    await catalog.refresh_price_book(database)
    price = only(catalog, "m").price
    assert price is not None
    assert (price.input, price.version, catalog.state().prices) == (9_000_000, f"genai-prices {NEW}", price.version)
    await take_book(store, structs.replace(price_book(), version=OLD), await store.versions())
    await catalog.follow_price_book(database)
    assert (only(catalog, "m").price, await versions(database)) == (shipped, [OLD, NEW])


async def test_a_failing_database_is_a_problem_of_the_catalog(tmp_path: Path) -> None:
    class Broken:
        async def price_books(self) -> Any:
            raise StorageUnavailable("out of order")

    catalog = make_catalog(tmp_path)
    await catalog.refresh_price_book(Broken())
    assert catalog.state().problems == (f"the prices are those of {price_book().version}: out of order",)


async def test_a_running_gateway_takes_the_book(tmp_path: Path) -> None:
    setup = GatewaySetup(CommandLine(data_dir=str(tmp_path)))
    async with setup.open():
        await until(lambda: versions(setup.database))
        assert await versions(setup.database) == [price_book().version]
