"""The API keys of models made through the API, as they are stored: encrypted, also those of earlier versions."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from tests.catalog.support import make_catalog, only
from tests.catalog.test_api_model_store import Database, api_model, row_of, served
from turnout.catalog import Catalog, Registrar, reencrypt
from turnout.core import Secret
from turnout.errors import SecretsUnavailable, UnknownModel
from turnout.storage import ModelRow

KEY = "sk-own-SECRET-71fe"
HEX, OTHER_HEX = "ab" * 32, "cd" * 32


def plain_row(id_: str = "fast", key: str = KEY) -> ModelRow:
    """As an earlier version has stored it, with a field that this version doesn't know."""
    row = row_of(api_model(id_))
    fields = json.loads(row.definition) | {"api_key": key, "of_a_later_version": 1}
    return msgspec.structs.replace(row, definition=json.dumps(fields))


def stored(database: Database, id_: str = "fast") -> str:
    return str(json.loads(database.rows[id_].definition)["api_key"])


def catalog_at(folder: Path, secret: str | None = None, old: str | None = None) -> Catalog:
    folder.mkdir(exist_ok=True)
    variables = {"TURNOUT_SECRET_KEY": secret or "", "TURNOUT_SECRET_KEY_OLD": old or ""}
    return make_catalog(folder, variables=variables | {"OPENAI_API_KEY": "sk-for-everybody-else"})


async def test_what_is_made_and_changed_is_stored_encrypted(tmp_path: Path) -> None:
    catalog, database = catalog_at(tmp_path), Database()
    registrar = Registrar(catalog, database, "ops")
    await registrar.create(api_model(api_key=Secret(KEY)))
    first = stored(database)
    await registrar.change("fast", lambda before: msgspec.structs.replace(before, name="new"))
    for text in (first, stored(database)):
        assert text.startswith("enc:1:")
    assert KEY not in str(database.rows) + (tmp_path / "data" / "models.json").read_text()
    assert only(catalog, "fast").api_key == Secret(KEY)


async def test_plain_ones_are_encrypted_at_the_next_start_and_stay_as_they_are(tmp_path: Path) -> None:
    database = Database(plain_row(), plain_row("b", "sk-b"), row_of(api_model("keyless")))
    catalog = catalog_at(tmp_path)
    await catalog.refresh_api_models(database)
    assert stored(database).startswith("enc:1:")
    assert stored(database, "b").startswith("enc:1:")
    assert json.loads(database.rows["fast"].definition)["of_a_later_version"] == 1
    assert [only(catalog, name).api_key for name in ("fast", "b")] == [Secret(KEY), Secret("sk-b")]
    assert KEY not in (tmp_path / "data" / "models.json").read_text()
    assert catalog.state().problems == ()
    assert [(entry.who, entry.subject) for entry in database.entries] == [("turnout", "fast"), ("turnout", "b")]
    again = catalog_at(tmp_path)
    assert only(again, "fast").api_key == Secret(KEY), "from the file, before the database is there"


async def test_a_key_of_one_host_encrypts_nothing_that_others_need(tmp_path: Path) -> None:
    """Until the hosts have one key, plain ones stay, are used, and are told."""
    database = Database(plain_row())
    database.is_shared = True
    catalog = catalog_at(tmp_path)
    await catalog.refresh_api_models(database)
    assert stored(database) == KEY
    assert only(catalog, "fast").api_key == Secret(KEY)
    (problem,) = catalog.state().problems
    assert "stand in the database in plain text: set TURNOUT_SECRET_KEY, to the same on all hosts" in problem
    assert KEY not in problem
    one, other = catalog_at(tmp_path / "one", HEX), catalog_at(tmp_path / "other", HEX)
    await one.refresh_api_models(database)
    await other.refresh_api_models(database)
    assert stored(database).startswith("enc:1:")
    assert [only(host, "fast").api_key for host in (one, other)] == [Secret(KEY)] * 2


class TestUnreadable:
    async def database(self, tmp_path: Path) -> Database:
        """With a key that was encrypted on another host, and others that weren't."""
        database = Database()
        there = Registrar(catalog_at(tmp_path / "there", OTHER_HEX), database, "ops")
        await there.create(api_model("openai/gpt", api_key=Secret(KEY)))
        await there.create(api_model("keyless"))
        return database

    async def test_it_is_told_and_not_served_and_the_rest_is(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        database, catalog = await self.database(tmp_path), catalog_at(tmp_path / "here", HEX)
        for _ in range(3):
            await catalog.refresh_api_models(database)
        assert "keyless" in served(catalog)
        with pytest.raises(UnknownModel):
            catalog.snapshot.find("openai/gpt")
        (problem,) = catalog.state().problems
        assert problem.startswith("the API key of the model 'openai/gpt', made through the API, can't be decrypted: ")
        assert "Set TURNOUT_SECRET_KEY to that key" in problem
        assert KEY not in problem + caplog.text
        assert len([record for record in caplog.records if "can't be decrypted" in record.message]) == 1

    async def test_it_can_be_deleted_and_made_again(self, tmp_path: Path) -> None:
        database, catalog = await self.database(tmp_path), catalog_at(tmp_path / "here", HEX)
        registrar = Registrar(catalog, database, "ops")
        await registrar.delete("openai/gpt")
        await registrar.create(api_model("openai/gpt", api_key=Secret(KEY)))
        assert only(catalog, "openai/gpt").api_key == Secret(KEY)
        assert catalog.state().problems == ()

    async def test_it_is_served_as_soon_as_the_key_is_there(self, tmp_path: Path) -> None:
        there, here, database = catalog_at(tmp_path / "there"), catalog_at(tmp_path / "here"), Database()
        await Registrar(there, database, "ops").create(api_model(api_key=Secret(KEY)))
        await here.refresh_api_models(database)
        assert "fast" not in served(here)
        (tmp_path / "here" / "data").mkdir(exist_ok=True)
        file = tmp_path / "here" / "data" / "secret.key"
        file.write_bytes((tmp_path / "there" / "data" / "secret.key").read_bytes())
        file.chmod(0o600)
        await here.refresh_api_models(database)
        assert only(here, "fast").api_key == Secret(KEY)
        assert here.state().problems == ()

    async def test_a_running_process_goes_on_with_the_key_that_it_knows(self, tmp_path: Path) -> None:
        """Also when somebody has encrypted it with a key that this process doesn't have."""
        database, running = Database(), catalog_at(tmp_path / "here", HEX)
        await Registrar(running, database, "ops").create(api_model(api_key=Secret(KEY)))
        ahead = catalog_at(tmp_path / "command", OTHER_HEX, HEX)
        done = await reencrypt(database, ahead.vault, "ops")
        again = await reencrypt(database, ahead.vault, "ops")
        assert [(one.number, one.made_key) for one in (done, again)] == [(1, False), (0, False)]
        await running.refresh_api_models(database)
        assert only(running, "fast").api_key == Secret(KEY)
        assert "can't be decrypted" in running.state().problems[0]

    async def test_a_model_that_was_changed_elsewhere_is_not_served_with_its_former_key(self, tmp_path: Path) -> None:
        database, running = Database(), catalog_at(tmp_path / "here", HEX)
        await Registrar(running, database, "ops").create(api_model(api_key=Secret(KEY)))
        ahead = catalog_at(tmp_path / "command", OTHER_HEX, HEX)
        changed = api_model(api_key=Secret("sk-new"), base_url="http://new.test/v1", updated=2_000_000_000)
        database.rows["fast"] = await ahead.row_of(changed)
        database.number += 1
        await running.refresh_api_models(database)
        assert "fast" not in served(running)


class TestReencrypted:
    async def test_the_files_key_is_replaced_and_all_are_encrypted_anew(self, tmp_path: Path) -> None:
        database = Database(row_of(api_model("keyless")))
        running = catalog_at(tmp_path)
        registrar = Registrar(running, database, "ops")
        for name in ("a", "b"):
            await registrar.create(api_model(name, api_key=Secret(f"sk-{name}")))
        database.rows["plain"] = plain_row("plain")
        before, file = [stored(database, name) for name in ("a", "b")], tmp_path / "data" / "secret.key"
        key = file.read_bytes()
        done = await reencrypt(database, catalog_at(tmp_path).vault, "ops")
        assert (done.number, done.refused, done.made_key) == (3, {}, True)
        assert file.read_bytes() != key
        assert file.with_name("secret.key.old").read_bytes() == key
        ids = {stored(database, name).split(":")[2] for name in ("a", "b", "plain")}
        assert len(ids) == 1
        assert ids.isdisjoint(text.split(":")[2] for text in before)
        await running.refresh_api_models(database)
        assert [only(running, name).api_key for name in ("a", "b")] == [Secret("sk-a"), Secret("sk-b")]
        assert running.state().problems == ()

    async def test_one_that_broke_off_goes_on_with_its_key(self, tmp_path: Path) -> None:
        catalog, database = catalog_at(tmp_path), Database()
        await Registrar(catalog, database, "ops").create(api_model(api_key=Secret(KEY)))
        catalog.vault.rotate()  # and then the machine stops
        file = tmp_path / "data" / "secret.key"
        key = file.read_bytes()
        done = await reencrypt(database, catalog_at(tmp_path).vault, "ops")
        assert (done.number, done.made_key, file.read_bytes()) == (1, False, key)
        assert only(catalog_at(tmp_path), "fast").api_key == Secret(KEY)

    async def test_what_changes_meanwhile_is_encrypted_anew_too(self, tmp_path: Path) -> None:
        catalog, database = catalog_at(tmp_path, HEX), Database()
        await Registrar(catalog, database, "ops").create(api_model(api_key=Secret(KEY)))
        late, old_vault = [api_model(api_key=Secret("sk-late"), updated=9)], catalog.vault
        replace_secrets = database.replace_secrets

        async def raced(changes: list[tuple[ModelRow, ModelRow]], who: str) -> int:
            if late:
                database.rows["fast"] = await catalog.row_of(late.pop())
            return await replace_secrets(changes, who)

        database.replace_secrets = raced  # type: ignore[method-assign,assignment]
        ahead = catalog_at(tmp_path / "ahead", OTHER_HEX, HEX)
        assert (await reencrypt(database, ahead.vault, "cli")).number == 1
        assert [(entry.who, entry.action) for entry in database.entries] == [("ops", "create"), ("cli", "encrypt")]
        assert ahead.vault.open(stored(database), "models/fast/api_key") == "sk-late"
        with pytest.raises(SecretsUnavailable):
            old_vault.open(stored(database), "models/fast/api_key")

    async def test_what_can_not_be_decrypted_stays_and_is_told(self, tmp_path: Path) -> None:
        database = Database()
        await Registrar(catalog_at(tmp_path / "lost", OTHER_HEX), database, "ops").create(
            api_model("x", api_key=Secret(KEY))
        )
        await Registrar(catalog_at(tmp_path / "here"), database, "ops").create(api_model("y", api_key=Secret(KEY)))
        lost = stored(database, "x")
        for _ in range(2):
            done = await reencrypt(database, catalog_at(tmp_path / "here").vault, "ops")
            assert (done.number, list(done.refused), done.made_key) == (1, ["x"], True)
        assert stored(database, "x") == lost


def test_a_short_secret_key_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="environment variable TURNOUT_SECRET_KEY: expected 32 bytes"):
        catalog_at(tmp_path, "short")
