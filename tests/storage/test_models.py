"""The table of models: one model of each id, and a number that grows with every change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest_asyncio
from sqlalchemy import event

from turnout.storage import AuditEntry, AuditFilter, ModelRow
from turnout.storage.audit import AuditLog
from turnout.storage.database import open_database
from turnout.storage.models import Models

FAST = ModelRow(id="team/fast", definition='{"a": 1}', created=5, updated=5)
ENTRY = AuditEntry(who="key_1", action="create", kind="model", subject="team/fast", after='{"a": 1}')
SLOW = ModelRow(id="slow", definition="{}", created=4, updated=4)


@pytest_asyncio.fixture
async def store(database_address: str) -> AsyncIterator[Models]:
    engine = await open_database(database_address)
    yield Models(engine)
    await engine.dispose()


async def test_models_come_in_the_order_of_their_creation(store: Models) -> None:
    assert await store.all() == (0, [])
    assert await store.add(FAST, ENTRY)
    assert await store.add(SLOW, ENTRY)
    assert await store.all() == (2, [SLOW, FAST])


async def test_an_id_is_added_once_and_the_first_model_stays(store: Models) -> None:
    assert await store.add(FAST, ENTRY)
    assert not await store.add(msgspec.structs.replace(FAST, definition="other"), ENTRY)
    assert await store.all() == (1, [FAST])


async def test_a_change_needs_the_model_to_be_as_it_was(store: Models) -> None:
    """Of two callers who change the same model, the second one gets False."""
    await store.add(FAST, ENTRY)
    mine, theirs = (msgspec.structs.replace(FAST, definition=text, updated=9) for text in ("mine", "theirs"))
    assert await store.replace(FAST, theirs, ENTRY)
    assert not await store.replace(FAST, mine, ENTRY)
    assert (await store.all())[1] == [theirs]
    assert not await store.replace(SLOW, SLOW, ENTRY)


async def test_a_deleted_model_is_gone(store: Models) -> None:
    await store.add(FAST, ENTRY)
    assert await store.remove(FAST.id, ENTRY)
    assert not await store.remove(FAST.id, ENTRY)
    assert (await store.all())[1] == []


async def test_every_change_makes_another_revision(store: Models) -> None:
    revisions = [await store.revision()]
    for change in (
        store.add(FAST, ENTRY),
        store.replace(FAST, msgspec.structs.replace(FAST, definition="b"), ENTRY),
        store.remove(FAST.id, ENTRY),
        store.add(FAST, ENTRY),
    ):
        assert await change
        revisions.append(await store.revision())
    assert len(set(revisions)) == 5


async def test_changes_at_once_are_all_counted(store: Models) -> None:
    rows = [ModelRow(id=f"m{number}", definition="{}", created=1, updated=1) for number in range(12)]
    await store.add(SLOW, ENTRY)  # from then on there is a row to count in
    assert all(await asyncio.gather(*(store.add(row, ENTRY) for row in rows)))
    assert await store.revision() == 13


async def test_first_changes_at_once_lose_none(store: Models) -> None:
    """There is no earlier change to count from."""
    rows = [ModelRow(id=f"m{number}", definition="{}", created=1, updated=1) for number in range(3)]
    assert all(await asyncio.gather(*(store.add(row, ENTRY) for row in rows)))
    revision, models = await store.all()
    assert (revision, {row.id for row in models}) == (3, {"m0", "m1", "m2"})


async def test_a_change_and_its_audit_entry_come_together(store: Models) -> None:
    """What changes nothing leaves no entry."""
    await store.add(FAST, ENTRY)
    await store.add(FAST, ENTRY)
    await store.replace(SLOW, SLOW, ENTRY)
    await store.remove(SLOW.id, ENTRY)
    log = AuditLog(store._engine)
    assert [row.number for row in await log.page(AuditFilter(), None, 10)] == [1]
    await store.remove(FAST.id, ENTRY)
    assert [row.number for row in await log.page(AuditFilter(), None, 10)] == [2, 1]


async def test_secrets_are_replaced_together_where_nobody_was_faster(store: Models) -> None:
    """With one new revision. The time of the change stays: to people, nothing has changed.

    The audit log names each model that was, and nothing of what it holds.
    """
    await store.add(FAST, ENTRY)
    await store.add(SLOW, ENTRY)
    before = await store.revision()
    other = msgspec.structs.replace(SLOW, definition="other")
    changes = [(row, msgspec.structs.replace(row, definition="sealed", updated=99)) for row in (FAST, other)]
    assert await store.replace_secrets(changes, "turnout") == 1
    assert (await store.all())[1] == [SLOW, msgspec.structs.replace(FAST, definition="sealed")]
    assert await store.revision() == before + 1
    newest, *older = await AuditLog(store._engine).page(AuditFilter(), None, 10)
    assert (newest.who, newest.action, newest.kind, newest.subject) == ("turnout", "encrypt", "model", FAST.id)
    assert (newest.before, newest.after, [row.action for row in older]) == (None, None, ["create", "create"])


async def test_what_a_secret_replaces_is_in_no_file_of_sqlite(tmp_path: Path) -> None:
    """Also in a row that is longer than a page, and where SQLite usually leaves what it removes."""
    engine = await open_database(f"sqlite+aiosqlite:///{tmp_path}/t.db")
    usual = "PRAGMA secure_delete=OFF"
    event.listen(engine.sync_engine, "connect", lambda connection, _: connection.execute(usual).close())
    await engine.dispose()
    store = Models(engine)
    for length in (1, 9000):
        row = ModelRow(id=f"m{length}", definition="x" * length + "SECRET", created=1, updated=1)
        await store.add(row, ENTRY)
        assert await store.replace_secrets([(row, msgspec.structs.replace(row, definition="sealed"))], "turnout") == 1
    async with engine.connect() as connection:
        assert (await connection.exec_driver_sql("PRAGMA secure_delete")).scalar_one() == 0, "as it was"
        assert files_with(b"SECRET", tmp_path) == []
    await engine.dispose()


def files_with(data: bytes, folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if data in path.read_bytes()]
