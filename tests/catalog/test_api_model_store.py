"""The catalog follows the database: it serves the models there, but never in place of a model of the files."""

from __future__ import annotations

import asyncio
import json
import logging
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from tests.catalog.support import make_catalog, only
from tests.catalog.test_catalog import nobody
from tests.catalog.test_discovery import discovered
from turnout.catalog import ApiModel, Catalog, Registrar, api_models
from turnout.core import Secret, WireRequest
from turnout.errors import Conflict, StorageUnavailable, UnknownModel
from turnout.storage import AuditEntry, ModelRow, Vault


class Database:
    """Both the database and its table, in memory."""

    is_shared = False

    def __init__(self, *rows: ModelRow) -> None:
        self.rows = {row.id: row for row in rows}
        self.number = 0
        self.looks = 0
        self.fails = False
        self.entries: list[AuditEntry] = []

    async def models(self) -> Database:
        if self.fails:
            raise StorageUnavailable("The database can't be used: out of order.")
        return self

    async def revision(self) -> int:
        self.looks += 1
        return self.number

    async def all(self) -> tuple[int, list[ModelRow]]:
        return self.number, list(self.rows.values())

    async def add(self, row: ModelRow, entry: AuditEntry) -> bool:
        self.entries.append(entry)
        return self.rows.setdefault(row.id, row) is row and self._changed()

    async def replace(self, before: ModelRow, after: ModelRow, entry: AuditEntry) -> bool:
        if self.rows.get(before.id) != before:
            return False
        self.rows[before.id] = after
        self.entries.append(entry)
        return self._changed()

    async def replace_secrets(self, changes: Sequence[tuple[ModelRow, ModelRow]], who: str) -> int:
        replaced = {after.id: after for before, after in changes if self.rows.get(before.id) == before}
        self.rows |= replaced
        self.entries += [AuditEntry(who=who, action="encrypt", kind="model", subject=id_) for id_ in replaced]
        self._changed()
        return len(replaced)

    async def remove(self, id_: str, entry: AuditEntry) -> bool:
        self.entries.append(entry)
        return self.rows.pop(id_, None) is not None and self._changed()

    def _changed(self) -> bool:
        self.number += 1
        return True


def api_model(id_: str = "fast", **changes: Any) -> ApiModel:
    return ApiModel(**({"id": id_, "name": id_, "provider": "openai", "upstream_model": "x"} | changes))


def row_of(model: ApiModel) -> ModelRow:
    """Of a model without a key."""
    return api_models.row_of(model, Vault(Path("nowhere")))


def served(catalog: Catalog) -> set[str]:
    return {name for name, _ in catalog.snapshot.served()}


async def test_a_model_is_served_before_making_it_returns(tmp_path: Path) -> None:
    catalog = make_catalog(tmp_path, "models: {a: openai/x}")
    await Registrar(catalog, Database(), "boss").create(api_model(provider="Claude", max_tokens=7))
    assert (only(catalog, "fast").provider, only(catalog, "fast").id) == ("anthropic", "anthropic/x")
    assert list(catalog.snapshot.models) == ["a", "fast", "echo"]
    assert catalog.snapshot.models["fast"].created == catalog.api_models["fast"].created > 1_700_000_000


async def test_another_process_follows_within_its_next_look(tmp_path: Path) -> None:
    """And looks at one number only as long as nothing changes."""
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    here, there, database = make_catalog(tmp_path / "here"), make_catalog(tmp_path / "there"), Database()
    running = asyncio.create_task(there.run(nobody, database, look_seconds=0.01))
    try:
        await Registrar(here, database, "boss").create(api_model())
        async with asyncio.timeout(5):
            while "fast" not in served(there):  # noqa: ASYNC110  # a running catalog tells nobody of a change
                await asyncio.sleep(0.005)
        await Registrar(here, database, "boss").delete("fast")
        async with asyncio.timeout(5):
            while "fast" in served(there):  # noqa: ASYNC110
                await asyncio.sleep(0.005)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_change_is_served_and_keeps_what_was_not_said(tmp_path: Path) -> None:
    catalog = make_catalog(tmp_path)
    registrar = Registrar(catalog, Database(), "boss")
    await registrar.create(api_model(capabilities=("vision",)))
    changed = await registrar.change(
        "fast", lambda before: api_model(upstream_model="y", capabilities=before.capabilities)
    )
    assert only(catalog, "fast").model == "y"
    assert changed.capabilities == ("vision",)


async def test_an_inactive_model_is_served_by_nobody(tmp_path: Path) -> None:
    """Not by a provider that lists it, nor by one that its name begins with."""

    async def openai(request: WireRequest, seconds: float) -> tuple[int, Mapping[str, str], bytes]:
        return 200, {}, b'["fast", "other"]'

    catalog = make_catalog(tmp_path, variables={"OPENAI_API_KEY": "sk-1"})
    database = Database(row_of(api_model(status="inactive")), row_of(api_model("openai/gpt", status="inactive")))
    await catalog.refresh_api_models(database)
    await catalog.discover(openai)
    assert "other" in served(catalog)
    assert "fast" not in served(catalog)
    for name in ("fast", "openai/gpt"):
        with pytest.raises(UnknownModel):
            catalog.snapshot.find(name)
    assert catalog.snapshot.find("openai/gpt-2")
    assert catalog.state().problems == ()


async def test_it_stands_before_a_discovered_one(tmp_path: Path) -> None:
    async def ollama(request: WireRequest, seconds: float) -> tuple[int, Mapping[str, str], bytes]:
        return 200, {}, b'["fast"]'

    catalog = make_catalog(tmp_path)
    await catalog.discover(ollama)
    assert [deployment.provider for deployment in catalog.snapshot.find("fast").deployments] == ["ollama", "vllm"]
    await catalog.refresh_api_models(Database(row_of(api_model())))
    assert only(catalog, "fast").provider == "openai"


class TestOneName:
    @pytest.mark.parametrize(
        "text",
        ["models: {fast: anthropic/y}", "models: {b: anthropic/y}\naliases: {fast: b}",
         "agents: {fast: {API_TYPE: anthropic, API_MODEL: y}}"],
        ids=["model", "alias", "agent"],
    )  # fmt: skip
    async def test_a_configured_one_can_not_be_made(self, tmp_path: Path, text: str) -> None:
        catalog, database = make_catalog(tmp_path, text), Database()
        with pytest.raises(Conflict, match=r"'fast' is taken by the configuration: .*turnout\.yaml:\d: \w+\.fast"):
            await Registrar(catalog, database, "boss").create(api_model())
        assert database.rows == {}
        with pytest.raises(Conflict, match=r"from the configuration.*turnout\.yaml:\d: \w+\.fast"):
            await Registrar(catalog, database, "boss").delete("fast")

    async def test_one_can_be_made_once(self, tmp_path: Path) -> None:
        registrar = Registrar(make_catalog(tmp_path), Database(), "boss")
        await registrar.create(api_model())
        with pytest.raises(Conflict, match="There is a model 'fast' already"):
            await registrar.create(api_model(upstream_model="y"))

    async def test_a_file_that_brings_it_is_not_used(self, tmp_path: Path) -> None:
        catalog = make_catalog(tmp_path, "models: {a: openai/x}")
        await Registrar(catalog, Database(), "boss").create(api_model())
        (tmp_path / "turnout.yaml").write_text("models:\n  b: openai/x\n  fast: anthropic/y\n")
        assert not await catalog.reload()
        why = f"{tmp_path}/turnout.yaml:3: models.fast: this name is taken by a model made through the API"
        assert (catalog.state().error or "").startswith(why)
        assert (served(catalog), only(catalog, "fast").provider) == ({"a", "fast", "echo"}, "openai")

    async def test_one_that_the_database_brings_is_told_and_not_served(self, tmp_path: Path) -> None:
        """The file was first. When it drops the name, the model of the API is served."""
        catalog = make_catalog(tmp_path, "models: {fast: anthropic/y}")
        await catalog.refresh_api_models(Database(row_of(api_model())))
        assert only(catalog, "fast").provider == "anthropic"
        (problem,) = catalog.state().problems
        assert "models.fast: this name is taken by a model made through the API" in problem
        (tmp_path / "turnout.yaml").write_text("models: {fast: anthropic/y, more: openai/x}")
        assert await catalog.reload()  # the change brings no new clash
        (tmp_path / "turnout.yaml").write_text("models: {more: openai/x}")
        assert await catalog.reload()
        assert only(catalog, "fast").provider == "openai"
        assert catalog.state().problems == ()


async def test_what_is_not_made_here_can_not_be_changed(tmp_path: Path) -> None:
    registrar = Registrar(make_catalog(tmp_path), Database(), "boss")
    with pytest.raises(Conflict, match="'echo' was found at the provider 'echo'"):
        await registrar.change("echo", lambda before: before)
    with pytest.raises(UnknownModel):
        await registrar.change("nothing", lambda before: before)


async def test_every_provider_that_has_a_discovered_model_is_named(tmp_path: Path) -> None:
    both = await discovered(tmp_path, ollama=["shared"], vllm=["shared"])
    with pytest.raises(Conflict, match="'shared' was found at the providers 'ollama' and 'vllm'"):
        await Registrar(both, Database(), "boss").change("shared", lambda before: before)


async def test_of_two_who_change_one_the_second_is_told(tmp_path: Path) -> None:
    catalog, database = make_catalog(tmp_path), Database()
    registrar = Registrar(catalog, database, "boss")
    await registrar.create(api_model())

    def edit(before: ApiModel) -> ApiModel:
        database.rows["fast"] = row_of(api_model(upstream_model="theirs"))
        return api_model(upstream_model="mine")

    with pytest.raises(Conflict, match="changed by somebody else"):
        await registrar.change("fast", edit)


async def test_the_audit_log_gets_what_was_changed_and_no_secret(tmp_path: Path) -> None:
    database = Database()
    registrar = Registrar(make_catalog(tmp_path), database, "boss")
    await registrar.create(api_model(api_key=Secret("sk-own")))
    await registrar.change("fast", lambda before: structs.replace(before, name="Fast", api_key=Secret("sk-new")))
    await registrar.delete("fast")
    assert [(e.who, e.action, e.kind, e.subject) for e in database.entries] == [
        ("boss", action, "model", "fast") for action in ("create", "change", "delete")
    ]
    sides = [json.loads(side) if side else {} for e in database.entries for side in (e.before, e.after)]
    assert [side.get("name") for side in sides] == [None, "fast", "fast", "Fast", "Fast", None]
    assert sides[1]["api_key"] == "(a secret)"
    assert not [e for e in database.entries if "sk-" in f"{e.before}{e.after}"]


class TestKept:
    async def test_a_start_serves_them_without_the_database(self, tmp_path: Path) -> None:
        await Registrar(make_catalog(tmp_path), Database(), "boss").create(api_model(api_key=Secret("sk-own")))
        again = make_catalog(tmp_path)
        assert only(again, "fast").api_key == Secret("sk-own")

    async def test_only_the_owner_may_read_the_file(self, tmp_path: Path) -> None:
        await Registrar(make_catalog(tmp_path), Database(), "boss").create(api_model(api_key=Secret("sk-own")))
        file = tmp_path / "data" / "models.json"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600

    async def test_a_deletion_elsewhere_is_found_after_the_start(self, tmp_path: Path) -> None:
        await Registrar(make_catalog(tmp_path), Database(), "boss").create(api_model())
        again = make_catalog(tmp_path)
        await again.refresh_api_models(Database())
        assert served(again) == {"echo"}

    @pytest.mark.parametrize("content", [b"", b"[1]", b"\xff"], ids=["empty", "another-form", "garbage"])
    async def test_a_file_that_can_not_be_read_is_as_good_as_none(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "models.json").write_bytes(content)
        assert served(make_catalog(tmp_path)) == {"echo"}

    async def test_a_folder_that_can_not_be_written_stops_nothing_and_is_told(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        (tmp_path / "data").write_text("not a folder")
        catalog = make_catalog(tmp_path)
        await catalog.refresh_api_models(Database(row_of(api_model())))
        assert "fast" in served(catalog)
        assert "not kept for the next start" in caplog.text


async def test_a_database_that_fails_changes_nothing_and_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    catalog, database = make_catalog(tmp_path), Database(row_of(api_model()))
    await catalog.refresh_api_models(database)
    before = catalog.snapshot
    database.fails = True
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            await catalog.refresh_api_models(database)
    assert catalog.snapshot is before
    assert "fast" in served(catalog)
    (problem,) = catalog.state().problems
    assert problem == "models made through the API stay as they were: The database can't be used: out of order."
    assert len(caplog.records) == 1
    database.fails = False
    await catalog.refresh_api_models(database)
    assert catalog.state().problems == ()
    assert catalog.snapshot is before


async def test_one_that_nobody_here_can_serve_is_told(tmp_path: Path) -> None:
    catalog = make_catalog(tmp_path)
    await catalog.refresh_api_models(Database(row_of(api_model(provider="vanished")), row_of(api_model("b"))))
    assert served(catalog) == {"echo", "b"}
    assert "'fast', made through the API, can't be served" in catalog.state().problems[0]


async def test_one_that_another_version_made_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    strange = ModelRow(id="strange", definition='{"id": 5}', created=1, updated=1)
    catalog = make_catalog(tmp_path)
    await catalog.refresh_api_models(Database(strange, row_of(api_model())))
    assert served(catalog) == {"echo", "fast"}
    assert "'strange' was made by another version" in caplog.text
    with pytest.raises(UnknownModel):
        await Registrar(catalog, Database(strange), "boss").change("strange", lambda before: before)


def test_an_admin_key_of_the_environment_is_one_of_the_keys(tmp_path: Path) -> None:
    """It protects writing alone: nobody else needs a key for it."""
    catalog = make_catalog(tmp_path, variables={"TURNOUT_ADMIN_KEY": "the-boss"})
    (key,) = catalog.snapshot.keys.values()
    assert (key.id, key.admin, catalog.snapshot.auth_required) == ("TURNOUT_ADMIN_KEY", True, False)


def test_a_key_of_the_file_may_be_an_admin_key(tmp_path: Path) -> None:
    text = "keys: [{key: tk-of-boss, name: boss, admin: true}, {key: tk-of-eve, user: eve}]"
    catalog = make_catalog(tmp_path, text, variables={"TURNOUT_ADMIN_KEY": "tk-of-eve"})
    assert {key.id: (key.admin, key.user) for key in catalog.snapshot.keys.values()} == {
        "boss": (True, ""),
        "key-2": (True, "eve"),
    }
