"""The tables of keys, users and teams, and the audit log: a change, its number and its entry come together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from msgspec import structs

from turnout.storage import AccessKind, AuditEntry, AuditFilter, AuditRow, KeyRow, RecordRow
from turnout.storage.access import Access
from turnout.storage.audit import AuditLog
from turnout.storage.database import open_database

BLUE = RecordRow(id="blue", definition="{}", created=5, updated=5, revision=0)


def key(id_: str, **changes: Any) -> KeyRow:
    fields: dict[str, Any] = {
        "definition": "{}",
        "created": 5,
        "updated": 5,
        "revision": 0,
        "name": None,
        "last_four": "wxyz",
    }
    return KeyRow(**({"id": id_, "digest": f"d{id_}", "prefix": f"p{id_}"} | fields | changes))


def entry(subject: str, action: str = "create", **changes: Any) -> AuditEntry:
    return AuditEntry(**({"who": "key_1", "action": action, "kind": "key", "subject": subject} | changes))


class Store(Access):
    """With its audit log."""

    @property
    def log(self) -> AuditLog:
        return AuditLog(self._engine)

    async def entries(self, **only: str) -> list[AuditRow]:
        return await self.log.page(AuditFilter(only=only), None, 100)


@pytest_asyncio.fixture
async def store(database_address: str) -> AsyncIterator[Store]:
    engine = await open_database(database_address)
    yield Store(engine)
    await engine.dispose()


@pytest.mark.parametrize("kind", ["users", "teams"])
async def test_a_record_is_added_changed_and_deleted(store: Store, kind: AccessKind) -> None:
    assert await store.add(kind, BLUE, entry("blue"))
    assert not await store.add(kind, BLUE, entry("blue"))
    (row,) = await store.changed(kind, 0, 10)
    assert row == structs.replace(BLUE, revision=1)
    assert await store.replace(kind, structs.replace(row, definition="{1}"), entry("blue", "change"))
    assert not await store.replace(kind, structs.replace(row, definition="{2}"), entry("blue", "change"))
    assert await store.changed(kind, 1, 10) == [structs.replace(BLUE, definition="{1}", revision=2)]
    assert [row.action for row in await store.entries()] == ["change", "create"]


async def test_the_id_of_a_deleted_one_may_come_again(store: Store) -> None:
    await store.add("users", BLUE, entry("blue"))
    deleted = structs.replace(BLUE, definition="", revision=1)
    assert await store.replace("users", deleted, entry("blue", "delete"))
    assert await store.changed("users", 1, 10) == [structs.replace(deleted, revision=2)]
    assert await store.add("users", structs.replace(BLUE, created=9), entry("blue"))
    assert await store.changed("users", 2, 10) == [structs.replace(BLUE, created=9, revision=3)]


@pytest.mark.parametrize("same", ["id", "name", "digest", "prefix"])
async def test_what_is_of_one_key_alone_is_given_once(store: Store, same: str) -> None:
    first, second = key("a", name="batch"), key("b", name="other")
    assert await store.add("keys", first, entry("a"))
    assert not await store.add("keys", structs.replace(second, **{same: getattr(first, same)}), entry("b"))
    assert await store.add("keys", second, entry("b"))
    assert [row.subject for row in await store.entries()] == ["b", "a"]


async def test_a_key_can_not_take_the_name_of_another(store: Store) -> None:
    await store.add("keys", key("a", name="batch"), entry("a"))
    await store.add("keys", key("b"), entry("b"))
    assert not await store.replace("keys", key("b", name="batch", revision=2), entry("b", "change"))
    assert await store.replace("keys", key("a", name=None, revision=1), entry("a", "change"))
    assert await store.replace("keys", key("b", name="batch", revision=2), entry("b", "change"))


async def test_only_what_changed_is_read_a_page_at_a_time(store: Store) -> None:
    for number in range(5):
        await store.add("keys", key(str(number)), entry(str(number)))
    await store.replace("keys", key("0", revision=1, last_four="new!"), entry("0", "change"))
    assert await store.revision() == 6
    assert [row.id for row in await store.changed("keys", 0, 2)] == ["1", "2"]
    assert [row.id for row in await store.changed("keys", 3, 9)] == ["3", "4", "0"]
    assert await store.changed("keys", 6, 9) == []


async def test_changes_at_once_have_numbers_of_their_own(store: Store) -> None:
    """In all three tables, and in the audit log."""
    kinds: tuple[AccessKind, ...] = ("keys", "users", "teams")
    changes = [
        store.add(
            kind, key(f"{number}") if kind == "keys" else structs.replace(BLUE, id=f"{number}"), entry(f"{number}")
        )
        for kind in kinds
        for number in range(4)
    ]
    assert all(await asyncio.gather(*changes))
    rows = [row for kind in kinds for row in await store.changed(kind, 0, 99)]
    assert sorted(row.revision for row in rows) == list(range(1, 13))
    assert [row.number for row in await store.entries()] == list(range(12, 0, -1))


async def test_the_audit_log_is_filtered_and_paged(store: Store) -> None:
    for number in range(6):
        who, action = ("eve", "create") if number % 2 else ("bob", "revoke")
        await store.log.add(entry(f"{number}", action, who=who, before='{"a": 1}'))
    assert [row.subject for row in await store.entries(who="eve", action="create")] == ["5", "3", "1"]
    assert await store.entries(who="eve", action="revoke") == []
    page = await store.log.page(AuditFilter(only={"who": "bob"}), 5, 1)
    assert [(row.number, row.subject, row.before, row.after) for row in page] == [(3, "2", '{"a": 1}', None)]
    now = page[0].time
    assert await store.log.page(AuditFilter(begin=now + 60), None, 9) == []
    assert await store.log.page(AuditFilter(end=now - 60), None, 9) == []
    assert len(await store.log.page(AuditFilter(begin=now - 60, end=now + 60), None, 9)) == 6
