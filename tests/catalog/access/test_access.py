"""Every process follows the keys, users and teams in the database, beside those of its files."""

from __future__ import annotations

import asyncio
import logging
import stat
import threading
import time
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import insert, update

from tests.catalog.support import make_catalog
from tests.storage.support import run
from turnout.catalog import Catalog, Snapshot
from turnout.catalog.access import AccessRegistrar, AccessStore, AccountFields, KeyDraft, NewKey
from turnout.catalog.access.records import KeyDefinition, KeyFields, definition_text
from turnout.core import Key
from turnout.errors import Conflict, InvalidRequest, NotFound, StorageUnavailable
from turnout.storage import LazyDatabase
from turnout.storage.tables import keys, revisions

FILE = """
keys: [{key: tk-of-the-file, name: boss, admin: true}]
users: {alice: {limits: 5/minute}}
"""


class Broken:
    async def access(self) -> Any:
        raise StorageUnavailable("The database can't be used: out of order.")


@pytest_asyncio.fixture
async def database(database_address: str, tmp_path: Path) -> AsyncIterator[LazyDatabase]:
    database = LazyDatabase(tmp_path, database_address)
    yield database
    await database.close()


def process(folder: Path, name: str = "here", text: str = FILE) -> Catalog:
    (folder / name).mkdir(exist_ok=True)
    return make_catalog(folder / name, text)


def registrar(catalog: Catalog, database: LazyDatabase) -> AccessRegistrar:
    return AccessRegistrar(catalog, database, "boss")


def served(catalog: Catalog, id_: str) -> list[Key]:
    return [key for key in catalog.snapshot.keys.values() if key.id == id_]


async def test_what_is_made_here_is_served_there_and_so_is_each_change(database: LazyDatabase, tmp_path: Path) -> None:
    here, there = process(tmp_path, "here"), process(tmp_path, "there")
    making = registrar(here, database)
    made = (await making.create_key(KeyDraft(name="batch", user="bob", limits="10/minute"))).key
    await making.create_account("users", "bob", AccountFields(team="blue"))
    await making.create_account("teams", "blue", AccountFields(models=["fast"]))
    await there.refresh_access(database)
    for catalog in (here, there):
        assert served(catalog, made.row.id) == [made.keys[0]]
        assert (catalog.snapshot.rules.users["bob"].team, [*catalog.snapshot.rules.users]) == ("blue", ["bob", "alice"])
        assert catalog.snapshot.rules.teams["blue"].allowance.models == ("fast",)
    rotated = (await making.rotate_key("batch", 60)).key
    await making.delete_account("users", "bob")
    await there.refresh_access(database)
    new, old = served(there, made.row.id)
    assert (new.digest, old.digest) == (bytes.fromhex(rotated.row.digest), made.keys[0].digest)
    assert new.expires is None
    assert old.expires == pytest.approx(time.time() + 60, abs=5)
    assert [*there.snapshot.rules.users] == ["alice"]
    await making.revoke_key(rotated.row.prefix)
    await there.refresh_access(database)
    assert (served(here, made.row.id), served(there, made.row.id)) == ([], [])


async def test_whether_there_is_an_admins_key_follows_the_keys(database: LazyDatabase, tmp_path: Path) -> None:
    catalog = process(tmp_path, text="models: {}")
    known = [catalog.snapshot.has_admin_key]
    made = await registrar(catalog, database).create_key(KeyDraft(admin=True))
    known.append(catalog.snapshot.has_admin_key)
    await registrar(catalog, database).revoke_key(made.key.row.id)
    assert [*known, catalog.snapshot.has_admin_key] == [False, True, False]
    assert process(tmp_path, "other").snapshot.has_admin_key, "one of the file"


async def test_only_what_changed_is_read(
    database: LazyDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = process(tmp_path, "here"), process(tmp_path, "there")
    ids = [(await registrar(here, database).create_key(KeyDraft())).key.row.id for _ in range(5)]
    monkeypatch.setattr("turnout.catalog.access.store.PAGE", 2)
    await there.refresh_access(database)
    assert {key.id for key in there.snapshot.keys.values()} == {"boss", *ids}
    before = {id_: served(there, id_)[0] for id_ in ids}
    await registrar(here, database).change_key(ids[2], lambda _: KeyDraft(user="eve"))
    await there.refresh_access(database)
    assert [id_ for id_ in ids if served(there, id_)[0] is not before[id_]] == [ids[2]]
    snapshot = there.snapshot
    await there.refresh_access(database)
    assert there.snapshot is snapshot


async def test_a_backup_that_was_put_back_is_read_whole(
    database: LazyDatabase, tmp_path: Path, database_address: str
) -> None:
    catalog = process(tmp_path)
    first, second = [(await registrar(catalog, database).create_key(KeyDraft())).key.row.id for _ in range(2)]
    await run(
        database_address,
        "DELETE FROM keys WHERE revision = 2",
        "UPDATE revisions SET number = 1 WHERE name = 'access'",
    )
    await catalog.refresh_access(database)
    assert [*catalog.access.keys] == [first]
    assert served(catalog, second) == []


class TestWithoutTheDatabase:
    async def test_a_start_knows_the_last_keys_and_that_one_is_revoked(
        self, database: LazyDatabase, tmp_path: Path
    ) -> None:
        before = process(tmp_path)
        making = registrar(before, database)
        good, bad = [(await making.create_key(KeyDraft(name=name))).key.row.id for name in ("good", "bad")]
        await making.create_account("teams", "blue", AccountFields(budget_usd=3.0))
        await making.revoke_key("bad")
        await before.access.keep()
        after = process(tmp_path)
        await after.refresh_access(Broken())
        assert (len(served(after, good)), served(after, bad)) == (1, [])
        assert [*after.snapshot.rules.teams] == ["blue"]
        assert "stay as they were" in after.state().problems[0]
        await registrar(before, database).delete_key("good")
        await after.refresh_access(database)
        assert (served(after, good), after.state().problems) == ([], ())

    async def test_the_file_is_its_owners_and_has_no_secret(self, database: LazyDatabase, tmp_path: Path) -> None:
        catalog = process(tmp_path)
        new = await registrar(catalog, database).create_key(KeyDraft())
        await catalog.access.keep()
        file = tmp_path / "here" / "data" / "keys.json"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        text = file.read_text()
        assert (new.key.row.digest in text, new.secret.reveal() in text) == (True, False)
        file.unlink()
        await catalog.access.keep()
        assert not file.exists()  # nothing has changed since

    @pytest.mark.parametrize("content", [b"", b"[1]", b"\xff", b'{"keys": [{"id": 1}]}'])
    async def test_a_file_that_can_not_be_read_is_as_good_as_none(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "keys.json").write_bytes(content)
        assert AccessStore(tmp_path).keys == {}

    async def test_it_is_told_once(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        catalog = process(tmp_path)
        with caplog.at_level(logging.WARNING):
            for _ in range(3):
                await catalog.refresh_access(Broken())
        assert [record.message for record in caplog.records] == [
            "keys, users and teams made through the API: The database can't be used: out of order."
        ]


class TestBesideTheFiles:
    async def test_the_file_comes_first_and_a_clash_is_named(self, database: LazyDatabase, tmp_path: Path) -> None:
        elsewhere = process(tmp_path, "elsewhere", "keys: [{key: tk-of-nobody}]")
        making = registrar(elsewhere, database)
        new = await making.create_key(KeyDraft(name="batch", user="made"))
        await making.create_account("users", "alice", AccountFields(limits="999/minute"))
        secret = new.secret.reveal()
        here = process(tmp_path, "here", f"keys: [{{key: {secret}, name: batch, user: file}}]\nusers: {{alice: {{}}}}")
        await here.refresh_access(database)
        assert [key.user for key in here.snapshot.keys.values()] == ["file"]
        assert here.snapshot.rules.users["alice"].allowance.limits == ()
        id_ = new.key.row.id
        assert here.state().problems == (
            "users.alice: this name is taken, made through the API; DELETE /v1/users/alice, or rename one",
            f"keys: the name 'batch' is taken by the key {id_}, made through the API; rename one",
            f"keys: the key 'batch' is the same as {id_}, made through the API: what the file says of it holds; DELETE "
            f"/v1/keys/{id_}",
        )

    async def test_changed_files_can_not_take_a_name(self, database: LazyDatabase, tmp_path: Path) -> None:
        catalog = process(tmp_path)
        await registrar(catalog, database).create_account("teams", "blue", AccountFields())
        (tmp_path / "here" / "turnout.yaml").write_text(FILE + "teams: {blue: {}}")
        assert not await catalog.reload()
        assert "teams.blue: this name is taken" in (catalog.state().error or "")
        (tmp_path / "here" / "turnout.yaml").write_text(FILE + "teams: {red: {}}")
        assert await catalog.reload()
        assert sorted(catalog.snapshot.rules.teams) == ["blue", "red"]
        assert len(catalog.snapshot.keys) == 1

    async def test_a_key_that_is_revoked_while_models_are_put_together_stays_so(
        self, database: LazyDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nor does it wait for them: there can be thousands."""
        catalog = process(tmp_path)
        making = registrar(catalog, database)
        id_ = (await making.create_key(KeyDraft())).key.row.id
        begun, go_on, assemble = asyncio.Event(), threading.Event(), catalog._assemble
        loop = asyncio.get_running_loop()

        def slow() -> Snapshot:
            snapshot = assemble()
            loop.call_soon_threadsafe(begun.set)
            assert go_on.wait(20)
            return snapshot

        monkeypatch.setattr(catalog, "_assemble", slow)
        reloading = asyncio.create_task(catalog.reload())
        await begun.wait()
        await making.revoke_key(id_)
        assert served(catalog, id_) == []
        go_on.set()
        assert await reloading
        assert served(catalog, id_) == []

    async def test_a_reload_keeps_the_keys_that_were_made(self, database: LazyDatabase, tmp_path: Path) -> None:
        catalog = process(tmp_path)
        id_ = (await registrar(catalog, database).create_key(KeyDraft())).key.row.id
        assert await catalog.reload()
        assert len(served(catalog, id_)) == 1


class TestAtOnce:
    async def test_of_two_new_secrets_of_a_key_one_is_good(self, database: LazyDatabase, tmp_path: Path) -> None:
        """The other call is refused, or was the earlier one."""
        catalog = process(tmp_path)
        making = registrar(catalog, database)
        await making.create_key(KeyDraft(name="batch"))
        rotating = [making.rotate_key("batch", 0) for _ in range(2)]
        results = await asyncio.gather(*rotating, return_exceptions=True)
        assert {type(result) for result in results} <= {NewKey, Conflict}
        secrets = [result.secret.reveal() for result in results if isinstance(result, NewKey)]
        good = [secret for secret in secrets if sha256(secret.encode()).digest() in catalog.snapshot.keys]
        assert len(good) == 1

    async def test_of_two_who_want_a_name_one_gets_it(self, database: LazyDatabase, tmp_path: Path) -> None:
        making = registrar(process(tmp_path), database)
        results = await asyncio.gather(
            *(making.create_key(KeyDraft(name="a")) for _ in range(3)), return_exceptions=True
        )
        assert sorted(type(result).__name__ for result in results) == ["Conflict", "Conflict", "NewKey"]


async def test_a_row_of_another_version_is_not_served(
    database: LazyDatabase, database_address: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It could forbid what this version doesn't know of."""
    catalog = process(tmp_path)
    id_ = (await registrar(catalog, database).create_key(KeyDraft())).key.row.id
    await run(
        database_address,
        """UPDATE keys SET revision = 2, definition = '{"fields": {"only_from"\\: "10.0.0.0/8"}}'""",
        "UPDATE revisions SET number = 2 WHERE name = 'access'",
    )
    await catalog.refresh_access(database)
    assert served(catalog, id_) == []
    assert "was made by another version" in caplog.text


async def test_what_is_not_there_is_not_found(database: LazyDatabase, tmp_path: Path) -> None:
    making = registrar(process(tmp_path), database)
    with pytest.raises(NotFound):
        await making.revoke_key("nobody")
    with pytest.raises(NotFound):
        await making.delete_account("users", "nobody")
    with pytest.raises(Conflict, match="from the configuration"):
        await making.delete_key("boss")
    with pytest.raises(InvalidRequest, match="A team has no 'team'"):
        await making.create_account("teams", "blue", AccountFields(team="red"))


async def test_a_change_costs_little_with_ten_thousand_keys(database: LazyDatabase, tmp_path: Path) -> None:
    """No change reads, parses or makes what was there before."""
    catalog = process(tmp_path)
    making = registrar(catalog, database)
    await fill(database, 10_000)
    await catalog.refresh_access(database)
    await making.create_key(KeyDraft(name="batch", limits="10/minute"))
    began = time.thread_time()
    for _ in range(5):
        await making.rotate_key("batch", 60)
    assert len(catalog.snapshot.keys) > 10_000
    assert (time.thread_time() - began) / 5 < 0.05  # of the processor; 0.005 on an idle machine, mostly SQLAlchemy's


async def fill(database: LazyDatabase, count: int) -> None:
    text = definition_text(KeyDefinition(fields=KeyFields(user="u", limits=["10/minute", "900/day"], budget_usd=5.0)))
    shared = {"definition": text, "created": 1, "updated": 1, "last_four": "wxyz"}
    rows = [
        {**shared, "id": f"key_{n}", "digest": f"{n:064x}", "prefix": f"tk-{n}", "revision": n}
        for n in range(1, count + 1)
    ]
    store = await database.access()
    async with store._engine.begin() as connection:
        await connection.execute(insert(keys), rows)
        await connection.execute(update(revisions).where(revisions.c.name == "access").values(number=count))
