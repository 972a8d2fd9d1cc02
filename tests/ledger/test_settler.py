"""Settling: every record once, in bounded pieces, through failures of the database."""

from __future__ import annotations

from pathlib import Path

import pytest

from turnout.errors import StorageUnavailable
from turnout.ledger.journal import Journal
from turnout.ledger.settler import Settler

from .support import InMemory, end, start


def record(journal: Journal, *request_ids: str) -> None:
    for request_id in request_ids:
        journal.begin(start(request_id))
        journal.end(end(request_id))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_what_has_ended_is_settled_and_what_has_not_is_left(tmp_path: Path) -> None:
    journal, store = Journal(tmp_path), InMemory()
    settler = Settler(journal, store)
    record(journal, "r1", "r2")
    journal.begin(start("r3"))
    await settler.settle()
    assert sorted(store.memory.attempts) == ["r1-1", "r2-1"]
    journal.end(end("r3", outcome="cut"))
    await settler.settle()
    assert store.memory.outcomes()["r3-1"] == "cut"
    assert (settler.settled, journal.backlog()) == (3, 0)
    journal.close()


async def test_files_that_are_settled_are_removed(tmp_path: Path) -> None:
    journal, store = Journal(tmp_path, segment_bytes=3000), InMemory()
    settler = Settler(journal, store)
    record(journal, *(f"r{number}" for number in range(100)))
    await settler.settle()
    assert len(store.memory.attempts) == 100
    assert len(journal.unsettled) == 1
    assert names(journal.unsettled[0].path.parent) == [journal.unsettled[0].path.name]
    journal.close()


async def test_a_database_that_fails_leaves_records_on_disk_and_takes_them_later(tmp_path: Path) -> None:
    journal, store = Journal(tmp_path, segment_bytes=20_000), InMemory()
    settler = Settler(journal, store)
    store.memory.fails = True
    for number in range(1000):
        record(journal, f"r{number}")
        if number % 100 == 0:
            with pytest.raises(StorageUnavailable):
                await settler.settle()
    assert (settler.settled, journal.held()) == (0, [])
    assert journal.backlog() > 300_000
    store.memory.fails = False
    await settler.settle()
    assert len(store.memory.attempts) == 1000
    assert journal.backlog() == 0
    journal.close()


async def test_a_backlog_is_taken_in_pieces_of_bounded_size(tmp_path: Path) -> None:
    journal, store = Journal(tmp_path), InMemory()
    record(journal, *(f"r{number}" for number in range(10_000)))
    await Settler(journal, store).settle()
    assert len(store.memory.attempts) == 10_000
    assert store.memory.largest_batch < 3000
    journal.close()


async def test_what_comes_while_a_file_is_settled_stays_until_it_is_settled_too(tmp_path: Path) -> None:
    """Even when the file has stopped being the one that is written to."""
    journal, store = Journal(tmp_path, segment_bytes=3000), InMemory()
    settler = Settler(journal, store)
    record(journal, "r1")
    store.memory.meanwhile = lambda: record(journal, *(f"later{number}" for number in range(20)))
    await settler.settle()
    assert len(journal.unsettled) > 1
    await settler.settle()
    assert len(store.memory.attempts) == 21
    journal.close()


async def test_a_line_that_was_being_torn_by_a_full_disk_is_passed_over(tmp_path: Path) -> None:
    journal, store = Journal(tmp_path), InMemory()
    settler = Settler(journal, store)
    record(journal, "r1")
    segment = journal.unsettled[0]
    with segment.path.open("ab") as file:
        segment.size += file.write(b'=["torn-1","to')
    journal._stop_writing(OSError("no space"))
    await settler.settle()
    record(journal, "r2")
    await settler.settle()
    assert sorted(store.memory.attempts) == ["r1-1", "r2-1"]
    assert [s.path for s in journal.unsettled] != [segment.path]
    assert (settler.corrupt, journal.backlog()) == (0, 0)
    journal.close()


async def test_a_corrupt_line_is_counted_and_its_neighbours_are_settled(tmp_path: Path) -> None:
    journal, store = Journal(tmp_path), InMemory()
    settler = Settler(journal, store)
    record(journal, "r1")
    segment = journal.unsettled[0]
    with segment.path.open("ab") as file:
        segment.size += file.write(b"=[\0\0\0\xff]\n")
    record(journal, "r2")
    await settler.settle()
    assert sorted(store.memory.attempts) == ["r1-1", "r2-1"]
    assert settler.corrupt == 1
    journal.close()
