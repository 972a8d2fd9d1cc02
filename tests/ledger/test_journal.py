"""The journal: what is on disk after each call, its files, and disks that take nothing."""

from __future__ import annotations

import logging
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from turnout.core import Usage
from turnout.errors import Unrecorded
from turnout.ledger.journal import Journal
from turnout.ledger.lines import read_ended, read_metered, read_started
from turnout.ledger.process_folder import dead_process_folder
from turnout.ledger.segment import read_lines

from .support import end, start


def files(journal: Journal) -> list[Path]:
    return sorted(journal.unsettled[0].path.parent.iterdir())


def on_disk(journal: Journal) -> tuple[list[str], list[str]]:
    """The attempts whose start is in the files, and those whose end is."""
    lines = [line for path in files(journal) for line in read_lines(path, 0)[0]]
    started = [start.attempt_id for start in read_started(lines) if start is not None]
    return started, [attempt.start.attempt_id for attempt in read_ended(lines).attempts]


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """A disk on which no file grows beyond ``size`` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def no_more_files() -> Iterator[None]:
    """A process that has as many open files as it may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def open_files() -> int:
    return len(os.listdir("/dev/fd"))


def test_an_attempt_is_on_disk_as_soon_as_it_has_begun_and_as_soon_as_it_has_ended(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.begin(start("r1"))
    assert on_disk(journal) == (["r1-1"], [])
    journal.end(end("r1"))
    assert on_disk(journal) == (["r1-1"], ["r1-1"])
    journal.close()


def test_a_second_end_is_ignored_and_counted(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.begin(start("r1"))
    for outcome in ("ok", "client_gone"):
        journal.end(end("r1", outcome=outcome))
    assert on_disk(journal)[1] == ["r1-1"]
    assert journal.ignored == 1
    journal.close()


def test_an_end_without_a_beginning_is_ignored_and_counted(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.end(end("r1"))
    assert (on_disk(journal), journal.ignored) == (([], []), 1)
    journal.close()


def test_a_new_file_begins_with_what_is_under_way(tmp_path: Path) -> None:
    """So an old file can be removed while an attempt that began in it is still under way."""
    journal = Journal(tmp_path, segment_bytes=2000)
    journal.begin(start("long"))
    for number in range(20):
        journal.begin(start(f"r{number}"))
        journal.end(end(f"r{number}"))
    assert len(journal.unsettled) > 2
    assert [segment.size for segment in journal.unsettled] == [path.stat().st_size for path in files(journal)]
    while len(journal.unsettled) > 1:
        journal.discard(journal.unsettled[0])
    assert on_disk(journal)[0].count("long-1") == 1
    assert files(journal) == [journal.unsettled[0].path]
    journal.close()


def test_a_new_file_has_what_the_attempts_under_way_have_used(tmp_path: Path) -> None:
    journal = Journal(tmp_path, segment_bytes=2000)
    for name in ("ended", "long"):
        journal.begin(start(name))
        for output in (5, 6):
            journal.meter(end(name, outcome="lost", usage=Usage(output=output)))
    journal.end(end("ended"))
    for number in range(10):
        journal.begin(start(f"r{number}"))
        journal.end(end(f"r{number}"))
    metered = list(read_metered(files(journal)[-1].read_bytes().splitlines()))
    assert metered == [end("long", outcome="lost", usage=Usage(output=6))]
    journal.close()


def test_more_under_way_than_a_file_should_hold_does_not_mean_a_file_for_each_line(tmp_path: Path) -> None:
    journal = Journal(tmp_path, segment_bytes=2000)
    for number in range(100):
        journal.begin(start(f"r{number}"))
    assert len(journal.unsettled) < 15
    journal.close()


def test_only_the_newest_file_is_open(tmp_path: Path) -> None:
    before = open_files()
    journal = Journal(tmp_path, segment_bytes=2000)
    with_one = open_files()
    while len(journal.unsettled) < 5:
        journal.begin(start("r1"))
        journal.end(end("r1"))
    assert open_files() == with_one > before
    journal.close()
    assert open_files() == before


def test_closing_removes_what_is_settled(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.begin(start("r1"))
    journal.end(end("r1"))
    journal.unsettled[0].settled = journal.unsettled[0].size
    journal.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ended", [True, False], ids=["unsettled", "under way"])
def test_closing_leaves_what_is_not_settled_to_recovery(tmp_path: Path, ended: bool) -> None:
    journal = Journal(tmp_path)
    journal.begin(start("r1"))
    if ended:
        journal.end(end("r1"))
    journal.close()
    assert len(on_disk(journal)[ended]) == 1


def test_closing_on_a_full_disk_leaves_the_attempt_to_recovery(tmp_path: Path) -> None:
    """Its start is known, how it ended is not."""
    journal = Journal(tmp_path)
    journal.begin(start("r1"))
    with largest_file(0):
        journal.end(end("r1"))
    journal.unsettled[0].settled = journal.unsettled[0].size
    journal.close()
    assert on_disk(journal) == (["r1-1"], [])


def test_the_folder_of_the_living_is_locked_and_that_of_the_dead_is_not(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.begin(start("r1"))
    (folder,) = tmp_path.iterdir()
    with dead_process_folder(folder) as process_folder:
        assert process_folder is None
    journal.close()
    with dead_process_folder(folder) as process_folder:
        assert process_folder is not None


def test_only_the_owner_of_the_files_may_read_them(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    journal.begin(start("r1"))
    (path,) = files(journal)
    modes = [oct(p.stat().st_mode & 0o077) for p in (path, path.parent, path.parent.parent)]
    assert modes == ["0o0"] * 3
    journal.close()


def test_a_full_disk_refuses_new_work_and_loses_no_record_of_the_old(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal = Journal(tmp_path)
    for number in range(100):
        journal.begin(start(f"r{number}"))
    journal.begin(start("open"))
    with largest_file(40_000), caplog.at_level(logging.WARNING, "turnout.ledger"):
        for number in range(100):
            journal.end(end(f"r{number}"))
        with pytest.raises(Unrecorded, match="No space left"):
            journal.begin(start("new"))
    with largest_file(1000), caplog.at_level(logging.WARNING, "turnout.ledger"):
        journal.resume()
        assert journal.condition.error is not None
        with pytest.raises(Unrecorded, match="File too large"):
            journal.begin(start("new"))
    assert len(caplog.records) == 1, "it is logged once"
    in_time, whole = len(on_disk(journal)[1]), sorted(f"r{number}-1" for number in range(100))
    assert 0 < in_time < 100

    journal.resume()
    assert journal.condition.error is None
    assert sorted(on_disk(journal)[1]) == whole
    assert "open-1" in on_disk(journal)[0]
    assert (journal.held(), journal.dropped, journal.in_flight()) == ([], 0, 1)
    journal.close()


def test_what_finds_no_room_on_disk_nor_in_memory_is_dropped_and_counted(tmp_path: Path) -> None:
    journal = Journal(tmp_path, held_bytes=1000)
    for number in range(100):
        journal.begin(start(f"r{number}"))
    with largest_file(0):
        for number in range(100):
            journal.end(end(f"r{number}"))
    assert sum(map(len, journal.held())) <= 1000
    assert journal.dropped == 100 - len(journal.held()) < 100
    assert journal.in_flight() == 0
    journal.close()


def test_every_failure_finds_the_whole_room_in_memory(tmp_path: Path) -> None:
    journal = Journal(tmp_path, held_bytes=3000)
    for failure in range(5):
        for number in range(5):
            journal.begin(start(f"r{failure}-{number}"))
        with largest_file(0):
            for number in range(5):
                journal.end(end(f"r{failure}-{number}"))
        journal.resume()
    assert (len(on_disk(journal)[1]), journal.dropped) == (25, 0)
    journal.close()


def test_a_folder_that_can_not_be_made_is_tried_again(tmp_path: Path) -> None:
    obstacle = tmp_path / "data"
    obstacle.write_text("not a folder")
    journal = Journal(obstacle / "journal")
    with pytest.raises(Unrecorded, match="data"):
        journal.begin(start("r1"))
    assert journal.condition.error is not None
    assert str(obstacle) in journal.condition.error
    obstacle.unlink()
    journal.resume()
    journal.begin(start("r1"))
    journal.end(end("r1"))
    assert on_disk(journal)[1] == ["r1-1"]
    journal.close()


def test_a_file_that_can_not_be_begun_leaves_the_old_one_in_use(tmp_path: Path) -> None:
    journal = Journal(tmp_path, segment_bytes=2000)
    with no_more_files():
        for number in range(50):
            journal.begin(start(f"r{number}"))
            journal.end(end(f"r{number}"))
    assert len(journal.unsettled) == 1
    assert len(on_disk(journal)[1]) == 50
    journal.close()


def test_an_old_file_that_stays_in_use_takes_as_much_again_before_the_next_try(tmp_path: Path) -> None:
    """Else every line would try to begin a file."""
    journal = Journal(tmp_path, segment_bytes=2000)
    (old,) = journal.unsettled
    with no_more_files():
        while old.size <= 2000:
            journal.begin(start("r1"))
    first_try = old.size
    while len(journal.unsettled) == 1:
        journal.begin(start("r1"))
    assert first_try + 2000 < old.size < first_try + 3000
    journal.close()


def test_a_line_that_is_cut_by_a_full_disk_counts_as_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``os.write`` may write a part of a line without an error."""
    journal = Journal(tmp_path)
    write = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda fd, data: write(fd, data[: len(data) // 2]))
        with pytest.raises(Unrecorded, match="No space left"):
            journal.begin(start("r1"))
    journal.resume()
    assert journal.condition.error is None
    assert on_disk(journal) == ([], [])
    journal.begin(start("r1"))
    assert "r1-1" in on_disk(journal)[0]
    journal.end(end("r1"))
    journal.close()
