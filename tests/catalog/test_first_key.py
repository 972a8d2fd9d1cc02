"""A server that every request needs a key for, and that has none, makes a first admin key."""

from __future__ import annotations

import threading
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.catalog.support import make_catalog
from turnout.catalog import Catalog
from turnout.errors import ConfigError

EVERYWHERE: dict[str, Any] = {"host": "0.0.0.0", "make_first_key": True}  # noqa: S104  # read, not listened on


def served(folder: Path, text: str | None = None, **more: Any) -> Catalog:
    return make_catalog(folder, text, **(EVERYWHERE | more))


def digest_in(path: Path) -> bytes:
    return sha256(path.read_bytes().strip()).digest()


def test_it_is_made_for_its_owner_only_and_used_again(tmp_path: Path) -> None:
    catalog, path = served(tmp_path), tmp_path / "data" / "admin.key"
    assert catalog.configured.key_file == path
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(path.read_text().strip()) > 40
    (key,) = catalog.snapshot.keys.values()
    assert (key.id, key.digest, key.admin) == ("admin.key", digest_in(path), True)
    assert served(tmp_path).snapshot.keys == catalog.snapshot.keys
    assert [one.name for one in path.parent.iterdir()] == ["admin.key"]


@pytest.mark.parametrize(
    ("text", "more"),
    [
        pytest.param(None, {"host": "127.0.0.1"}, id="loopback"),
        pytest.param("auth: {required: false}", {}, id="no-key-is-needed"),
        pytest.param("keys: [{key: tk-0123456789abcdef}]", {}, id="keys"),
        pytest.param(None, {"variables": {"TURNOUT_ADMIN_KEY": "tk-0123456789abcdef"}}, id="an-admin-key-of-ones-own"),
        pytest.param(None, {"make_first_key": False}, id="not-a-server"),
    ],
)
def test_where_nobody_needs_it_there_is_none(tmp_path: Path, text: str | None, more: dict[str, object]) -> None:
    assert served(tmp_path, text, **more).configured.key_file is None
    assert not (tmp_path / "data").exists()


def test_it_holds_for_as_long_as_there_is_no_other_key(tmp_path: Path) -> None:
    """A file that was forgotten opens nothing."""
    first = digest_in(served(tmp_path).configured.key_file or Path())
    assert first not in served(tmp_path, "keys: [{key: tk-0123456789abcdef}]").snapshot.keys


def test_other_commands_know_it(tmp_path: Path) -> None:
    catalog = served(tmp_path)
    seen = served(tmp_path, make_first_key=False)
    assert (seen.snapshot.keys, seen.state().problems) == (catalog.snapshot.keys, ())


def test_processes_that_start_together_have_the_same(tmp_path: Path) -> None:
    catalogs: list[Catalog] = []
    threads = [threading.Thread(target=lambda: catalogs.append(served(tmp_path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {key.digest for catalog in catalogs for key in catalog.snapshot.keys.values()} == {
        digest_in(tmp_path / "data" / "admin.key")
    }
    assert len(catalogs) == 8


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(ConfigError, match=r"admin\.key: no key is configured.*Set TURNOUT_ADMIN_KEY to a key"):
        served(tmp_path)


def test_a_file_that_holds_no_key(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "admin.key").write_text("\n")
    with pytest.raises(ConfigError, match=r"admin\.key: expected an admin key. Delete the file"):
        served(tmp_path)


async def test_a_key_that_comes_later_takes_its_place(tmp_path: Path) -> None:
    catalog = served(tmp_path, "models: {a: openai/x}")
    (tmp_path / "turnout.yaml").write_text("models: {a: openai/x}\nkeys: [{key: tk-0123456789abcdef}]")
    assert await catalog.reload()
    assert (catalog.configured.key_file, len(catalog.snapshot.keys)) == (None, 1)
    assert digest_in(tmp_path / "data" / "admin.key") not in catalog.snapshot.keys
