"""Folders and their locks: who is dead, also in the moments between two calls."""

from __future__ import annotations

import os
from fcntl import flock
from pathlib import Path

import pytest

from turnout.ledger import process_folder
from turnout.ledger.process_folder import dead_process_folder, new_process_folder


@pytest.mark.parametrize("still_locked", [False, True], ids=["gone", "being recovered"])
def test_a_recovery_that_is_quicker_than_the_first_lock_never_sees_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, still_locked: bool
) -> None:
    """A folder isn't locked for a moment after it was made, so it looks like that of a dead process."""
    taken: list[Path] = []

    def meanwhile(fd: int, how: int) -> None:
        if not taken:
            (folder,) = tmp_path.iterdir()
            taken.append(folder)
            folder.rmdir()
            if still_locked:
                raise BlockingIOError
        flock(fd, how)

    monkeypatch.setattr(process_folder, "flock", meanwhile)
    new = new_process_folder(tmp_path, "7-1")
    assert [path.name for path in taken] == [".7-1"]
    assert (new.path, [*tmp_path.iterdir()]) == (tmp_path / "7-1", [tmp_path / "7-1"])
    with dead_process_folder(new.path) as dead:
        assert dead is None
    new.unlock()


def test_no_file_stays_open(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    living = new_process_folder(tmp_path, "7-1")
    for _ in range(10):
        with dead_process_folder(living.path) as dead:
            assert dead is None
    living.unlock()
    for _ in range(10):
        with dead_process_folder(living.path) as dead:
            assert dead is not None
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("kind", ["missing", "file"])
def test_a_path_that_is_no_folder_gives_none(tmp_path: Path, kind: str) -> None:
    path = tmp_path / kind
    if kind == "file":
        path.write_text("notes")
    with dead_process_folder(path) as dead:
        assert dead is None
