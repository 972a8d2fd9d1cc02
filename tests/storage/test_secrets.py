"""Secrets at rest: what is encrypted, by which key, and what becomes of a key that is missing, readable or replaced."""

from __future__ import annotations

import os
import stat
import threading
from base64 import b64decode, b64encode, urlsafe_b64encode
from pathlib import Path

import pytest

from turnout.core import Secret
from turnout.errors import ConfigError, SecretsUnavailable
from turnout.storage import Vault, is_sealed
from turnout.storage.secrets.master_key import master_key

PLAIN, PLACE = "sk-provider-SECRET-5d1c", "models/fast/api_key"
PHRASE, OTHER_PHRASE = "correct horse battery staple", "another phrase of some length"
KEY = bytes(range(32))


@pytest.fixture(autouse=True)
def quick_passphrases(monkeypatch: pytest.MonkeyPatch) -> None:
    """The work factor is measured elsewhere."""
    monkeypatch.setitem(master_key.__globals__["_COST"], "n", 2)


def test_a_secret_comes_back_and_its_form_reveals_nothing(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    sealed = vault.seal(PLAIN, PLACE)
    assert sealed.startswith("enc:1:")
    assert is_sealed(sealed)
    assert not is_sealed(PLAIN)
    assert vault.open(sealed, PLACE) == PLAIN
    assert vault.seal(PLAIN, PLACE) != sealed, "the same secret never looks the same"
    assert PLAIN not in sealed
    assert PLAIN.encode() not in b64decode(sealed.rpartition(":")[2] + "==", altchars="-_")
    assert vault.open(vault.seal("", PLACE), PLACE) == ""
    assert vault.open(vault.seal("schlüssel\0", PLACE), PLACE) == "schlüssel\0"


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(lambda sealed: sealed[:-6] + "AAAAA=", id="another-end"),
        pytest.param(lambda sealed: sealed[:40], id="cut"),
        pytest.param(lambda sealed: sealed.rpartition(":")[0] + ":", id="nothing-left"),
        pytest.param(lambda sealed: sealed.rpartition(":")[0] + ":ä", id="no-base64"),
    ],
)
def test_what_was_changed_is_not_opened(tmp_path: Path, changed: object) -> None:
    vault = Vault(tmp_path)
    sealed = vault.seal(PLAIN, PLACE)
    assert callable(changed)
    with pytest.raises(SecretsUnavailable, match="changed since it was encrypted"):
        vault.open(changed(sealed), PLACE)


def test_what_was_moved_to_another_row_is_not_opened(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    with pytest.raises(SecretsUnavailable, match="belongs to another model"):
        vault.open(vault.seal(PLAIN, PLACE), "models/evil/api_key")


@pytest.mark.parametrize("sealed", ["enc:2:abcdef01:AAAA", "enc:1:AAAA", "enc:"])
def test_a_later_form_is_told(tmp_path: Path, sealed: str) -> None:
    with pytest.raises(SecretsUnavailable, match="by a newer version of Turnout"):
        Vault(tmp_path).open(sealed, PLACE)


class TestTheVariable:
    @pytest.mark.parametrize(
        "text",
        [KEY.hex(), KEY.hex().upper(), b64encode(KEY).decode(), urlsafe_b64encode(KEY).decode().rstrip("=")],
        ids=["hex", "HEX", "base64", "base64-for-urls"],
    )
    def test_32_bytes_are_taken_as_they_are(self, text: str) -> None:
        assert master_key(text).key == KEY

    def test_another_text_is_a_passphrase(self) -> None:
        keys = [master_key(text).key for text in (PHRASE, OTHER_PHRASE, KEY.hex()[:-1], "x" * 43 + "é")]
        assert len(set(keys)) == 4
        assert {len(key) for key in keys} == {32}
        assert master_key(PHRASE).key == keys[0]

    @pytest.mark.parametrize("number", [0, 1])
    def test_a_short_one_is_a_mistake_that_names_the_variable(self, tmp_path: Path, number: int) -> None:
        texts: list[str | None] = [None, None]
        texts[number] = "fifteen letters"
        name = ("TURNOUT_SECRET_KEY", "TURNOUT_SECRET_KEY_OLD")[number]
        with pytest.raises(ConfigError, match=f"environment variable {name}: expected 32 bytes in base64"):
            Vault(tmp_path, *texts)

    def test_no_file_is_made_beside_it(self, tmp_path: Path) -> None:
        Vault(tmp_path, PHRASE).seal(PLAIN, PLACE)
        assert list(tmp_path.iterdir()) == []

    def test_hosts_with_the_same_one_read_each_others(self, tmp_path: Path) -> None:
        sealed = Vault(tmp_path / "a", PHRASE).seal(PLAIN, PLACE)
        assert Vault(tmp_path / "b", PHRASE).open(sealed, PLACE) == PLAIN
        with pytest.raises(SecretsUnavailable, match=r"another key \([0-9a-f]{8}\)\. Set TURNOUT_SECRET_KEY to that"):
            Vault(tmp_path / "b", OTHER_PHRASE).open(sealed, PLACE)

    def test_the_old_one_and_the_files_still_open_and_the_new_one_seals(self, tmp_path: Path) -> None:
        by_file = Vault(tmp_path).seal(PLAIN, PLACE)
        by_old = Vault(tmp_path, PHRASE).seal(PLAIN, PLACE)
        vault = Vault(tmp_path, OTHER_PHRASE, PHRASE)
        assert [vault.open(sealed, PLACE) for sealed in (by_file, by_old)] == [PLAIN, PLAIN]
        assert [vault.is_current(sealed) for sealed in (by_file, by_old)] == [False, False]
        assert vault.is_current(vault.seal(PLAIN, PLACE))

    def test_keys_are_not_printed(self, tmp_path: Path) -> None:
        vault = Vault(tmp_path, KEY.hex())
        vault.seal(PLAIN, PLACE)
        assert KEY.hex() not in repr(vars(vault)) + repr(master_key(KEY.hex()))
        assert repr(KEY) not in repr(vars(vault))
        assert isinstance(vars(vault)["_current"], Secret)


class TestTheFile:
    def test_it_is_made_at_the_first_need_and_only_its_owner_reads_it(self, tmp_path: Path) -> None:
        folder = tmp_path / "data"
        vault = Vault(folder)
        assert not folder.exists()
        sealed = vault.seal(PLAIN, PLACE)
        assert stat.S_IMODE((folder / "secret.key").stat().st_mode) == 0o600
        assert [path.name for path in folder.iterdir()] == ["secret.key"]
        assert len(b64decode((folder / "secret.key").read_bytes())) == 32
        assert Vault(folder).open(sealed, PLACE) == PLAIN

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
    def test_one_that_others_may_read_is_refused(self, tmp_path: Path, mode: int) -> None:
        sealed = Vault(tmp_path).seal(PLAIN, PLACE)
        (tmp_path / "secret.key").chmod(mode)
        with pytest.raises(SecretsUnavailable, match="others on this machine may read it: chmod 600"):
            Vault(tmp_path).open(sealed, PLACE)
        with pytest.raises(SecretsUnavailable, match="others on this machine may read it: chmod 600"):
            Vault(tmp_path).seal(PLAIN, PLACE)
        (tmp_path / "secret.key").chmod(0o400)
        assert Vault(tmp_path).open(sealed, PLACE) == PLAIN

    @pytest.mark.parametrize("content", [b"", b"short\n", b"\xff" * 8])
    def test_one_without_a_key_is_refused_and_not_replaced(self, tmp_path: Path, content: bytes) -> None:
        file = tmp_path / "secret.key"
        file.write_bytes(content)
        file.chmod(0o600)
        with pytest.raises(SecretsUnavailable, match="holds no key"):
            Vault(tmp_path).seal(PLAIN, PLACE)
        assert file.read_bytes() == content

    def test_a_lost_one_is_named(self, tmp_path: Path) -> None:
        sealed = Vault(tmp_path).seal(PLAIN, PLACE)
        (tmp_path / "secret.key").unlink()
        with pytest.raises(SecretsUnavailable, match="it was encrypted with another key"):
            Vault(tmp_path).open(sealed, PLACE)

    def test_a_folder_that_takes_no_file_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(SecretsUnavailable, match=r"secret\.key: can't be"):
            Vault(tmp_path / "file").seal(PLAIN, PLACE)

    def test_of_processes_that_need_it_at_once_all_have_the_same(self, tmp_path: Path) -> None:
        barrier, sealed = threading.Barrier(8), []

        def make() -> None:
            barrier.wait()
            sealed.append(Vault(tmp_path).seal(PLAIN, PLACE))

        threads = [threading.Thread(target=make) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [Vault(tmp_path).open(text, PLACE) for text in sealed] == [PLAIN] * 8
        assert os.listdir(tmp_path) == ["secret.key"]


class TestRotation:
    def test_a_running_process_reads_what_another_encrypts_with_the_new_key(self, tmp_path: Path) -> None:
        running, command = Vault(tmp_path), Vault(tmp_path)
        old = running.seal(PLAIN, PLACE)
        command.rotate()
        new = command.seal(PLAIN, PLACE)
        assert not command.is_current(old)
        assert [running.open(sealed, PLACE) for sealed in (old, new)] == [PLAIN, PLAIN]
        assert running.is_current(running.seal(PLAIN, PLACE))
        assert [Vault(tmp_path).open(sealed, PLACE) for sealed in (old, new)] == [PLAIN, PLAIN], "after a start"

    def test_both_files_are_the_owners_alone(self, tmp_path: Path) -> None:
        Vault(tmp_path).rotate()
        assert sorted(os.listdir(tmp_path)) == ["secret.key", "secret.key.old"]
        assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}

    def test_the_environments_key_is_the_operators(self, tmp_path: Path) -> None:
        Vault(tmp_path, PHRASE).rotate()
        assert os.listdir(tmp_path) == []

    def test_a_rotation_that_broke_off_loses_no_key(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """After each of its steps, what was encrypted before can be opened."""
        replace, steps = Path.replace, 0
        sealed = Vault(tmp_path).seal(PLAIN, PLACE)

        def broken(path: Path, target: Path) -> Path:
            nonlocal steps
            if steps == 0:
                raise OSError(28, "No space left on device")
            steps -= 1
            return replace(path, target)

        monkeypatch.setattr(Path, "replace", broken)
        for number in range(2):
            steps = number
            with pytest.raises(SecretsUnavailable, match="can't be replaced: No space left"):
                Vault(tmp_path).rotate()
            assert Vault(tmp_path).open(sealed, PLACE) == PLAIN
        steps = 2
        Vault(tmp_path).rotate()
        assert Vault(tmp_path).open(sealed, PLACE) == PLAIN
