"""The folder that the processes of one service share: private, short, and removed by the last process."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from turnout.host import control_listener, new_host_folder, remove_orphans
from turnout.host import folder as folder_module

HOLD = """
import sys
from pathlib import Path
from turnout.host import HostFolder, new_host_folder
folder = HostFolder(Path(sys.argv[1])) if len(sys.argv) > 1 else new_host_folder()
print(folder.path, flush=True)
sys.stdin.read()
folder.leave()
"""


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary folder of the test's own, with a short path."""
    with tempfile.TemporaryDirectory(prefix="t-") as path:
        monkeypatch.setattr(tempfile, "tempdir", path)
        monkeypatch.setenv("TMPDIR", path)
        yield Path(path)


class Holder:
    """Another process that uses a folder: one that is there, or one that it makes."""

    def __init__(self, path: Path | None = None) -> None:
        command = [sys.executable, "-c", HOLD, *([] if path is None else [str(path)])]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.path = Path(self._process.stdout.readline().strip())

    def leave(self) -> None:
        self._process.communicate()
        assert self._process.returncode == 0

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


def test_only_its_owner_may_look_into_it(temporary: Path) -> None:
    folder = new_host_folder()
    assert folder.path.parent == temporary
    assert folder.path.stat().st_mode & 0o777 == 0o700
    folder.remove()
    assert list(temporary.iterdir()) == []


def test_the_last_one_to_leave_removes_it(temporary: Path) -> None:
    first = Holder()
    second = Holder(first.path)
    first.leave()
    assert first.path.exists()
    second.leave()
    assert not first.path.exists()


def test_a_folder_whose_processes_were_killed_is_removed_by_the_next_start(temporary: Path) -> None:
    """With the socket in it."""
    parent = Holder()
    worker = Holder(parent.path)
    with control_listener(parent.path / "control"):
        pass
    parent.kill()
    remove_orphans()
    assert parent.path.exists()  # a worker still drains
    worker.kill()
    remove_orphans()
    assert not parent.path.exists()


def test_folders_in_use_and_foreign_folders_stay(temporary: Path) -> None:
    other = Holder()
    for name in ("turnout-run-somebody", "turnout-backup", "another-run-1-abcdefgh"):
        (temporary / name).mkdir()
    (temporary / "turnout-run-1-abcdefgh").write_text("no folder")
    (temporary / "turnout-run-2-abcdefgh").symlink_to(temporary / "turnout-backup")
    before = sorted(temporary.iterdir())
    remove_orphans()
    assert sorted(temporary.iterdir()) == before
    other.leave()


def test_a_folder_that_another_start_has_just_removed_is_made_again(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mkdtemp, made = tempfile.mkdtemp, list[str]()

    def make(**given: Any) -> str:
        made.append(mkdtemp(**given))
        if len(made) == 1:
            remove_orphans()
        return made[-1]

    monkeypatch.setattr(tempfile, "mkdtemp", make)
    folder = new_host_folder()
    assert [Path(path).exists() for path in made] == [False, True]
    folder.remove()


def test_a_long_path_of_the_temporary_folder_is_replaced_by_a_short_one(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A socket's path has 107 bytes at most."""
    long = temporary / ("x" * 100)
    long.mkdir()
    monkeypatch.setattr(folder_module, "_SHORT_FOLDER", temporary)
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    folder = new_host_folder()
    assert folder.path.parent == temporary
    with control_listener(folder.control), socket.socket(socket.AF_UNIX) as client:
        client.connect(os.fspath(folder.control))
    folder.remove()
