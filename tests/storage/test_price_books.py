"""The table of price books: each has a number, and the highest one counts."""

from __future__ import annotations

from pathlib import Path

from turnout.storage import AuditEntry, AuditFilter, BookRow, LazyDatabase, TakenVersion


async def test_books_are_kept_and_a_number_is_given_once(database_address: str, tmp_path: Path) -> None:
    database = LazyDatabase(tmp_path, database_address)
    entry = AuditEntry(who="cli", action="take", kind="prices", subject="v")
    store = await database.price_books()
    assert (await store.newest(), await store.versions()) == (0, [])
    rows = [BookRow(number, f"v{number}", "here", 1_764_000_000, f'{{"{number}": "é"}}') for number in (1, 2)]
    assert [await store.take(row, entry) for row in (rows[1], rows[0], rows[0], rows[1])] == [False, True, False, True]
    assert await store.newest() == 2
    assert await store.versions() == [TakenVersion(n, f"v{n}", "here", 1_764_000_000) for n in (2, 1)]
    assert [await store.content(number) for number in (1, 2)] == [row.content for row in rows]
    assert len(await (await database.audit()).page(AuditFilter(), None, 9)) == 2
    await database.close()
