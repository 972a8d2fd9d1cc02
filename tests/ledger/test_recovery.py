"""Recovery: the journal of a dead process is settled, whatever state it is in."""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from turnout.core import EndedAttempt, Usage
from turnout.errors import StorageUnavailable
from turnout.ledger.journal import Journal
from turnout.ledger.recovery import Recovery
from turnout.ledger.segment import read_lines
from turnout.ledger.settler import Settler

from .support import InMemory, end, leave_behind, start


@contextmanager
def folder() -> Iterator[Path]:
    """Hypothesis can't use ``tmp_path``: it would be one for all examples."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def write(journal: Journal, steps: list[tuple[bool, int]]) -> None:
    """Each step begins or ends one of a few attempts, if that is possible."""
    begun: set[int] = set()
    for begins, number in steps:
        if begins and number not in begun:
            begun.add(number)
            journal.begin(start(f"r{number}"))
        elif not begins and number in begun:
            journal.end(end(f"r{number}"))


def recovered(root: Path) -> dict[str, str]:
    """Each attempt's outcome, after a recovery of everything in ``root``."""
    store = InMemory()
    asyncio.run(Recovery(root, store).recover())
    assert list(root.iterdir()) == [], "nothing is left to be recovered a second time"
    return store.memory.outcomes()


steps = st.lists(st.tuples(st.booleans(), st.integers(0, 15)), max_size=60)


@settings(max_examples=60, deadline=None)
@given(steps=steps, torn=st.integers(0, 600), settle=st.booleans())
def test_a_crash_at_any_byte_loses_no_finished_attempt(steps: list[tuple[bool, int]], torn: int, settle: bool) -> None:
    """A whole ended line settles its attempt. A started line alone makes it lost. A cut-off line has no effect."""
    with folder() as root:
        journal = Journal(root / "living", segment_bytes=1500)
        write(journal, steps[: len(steps) // 2])
        store = InMemory()
        if settle:  # so that some files are gone already
            asyncio.run(Settler(journal, store).settle())
        write(journal, steps[len(steps) // 2 :])
        left = leave_behind(journal, root / "dead")
        journal.close()

        last = max(left.iterdir())
        content = last.read_bytes()
        last.write_bytes(content[: max(len(content) - torn, 0)])
        lines = [line for path in sorted(left.iterdir()) for line in read_lines(path, 0)[0]]
        finished = {line.split(b'"')[1].decode() for line in lines if line.startswith(b"-")}
        began = {line.split(b'"')[1].decode() for line in lines}

        expected = {attempt_id: "ok" if attempt_id in finished else "lost" for attempt_id in began}
        assert recovered(root / "dead") == expected


def test_an_attempt_that_went_on_through_several_files_is_settled_once_as_it_ended(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "living", segment_bytes=1500)
    journal.begin(start("long"))
    for number in range(20):
        journal.begin(start(f"r{number}"))
        journal.end(end(f"r{number}"))
    journal.end(end("long", outcome="client_gone"))
    leave_behind(journal, tmp_path / "dead")
    assert len(journal.unsettled) > 2
    assert recovered(tmp_path / "dead") == {f"r{n}-1": "ok" for n in range(20)} | {"long-1": "client_gone"}
    journal.close()


async def test_what_was_settled_before_the_crash_stays_as_it_was(tmp_path: Path) -> None:
    journal, store = Journal(tmp_path / "living"), InMemory()
    for request_id in ("r1", "r2"):
        journal.begin(start(request_id))
        journal.end(end(request_id))
        if request_id == "r1":
            await Settler(journal, store).settle()
    leave_behind(journal, tmp_path / "dead")
    recovery = Recovery(tmp_path / "dead", store)
    await recovery.recover()
    assert sorted(store.memory.attempts) == ["r1-1", "r2-1"]
    assert recovery.settled == 1
    journal.close()


async def test_a_long_journal_is_taken_in_pieces_of_bounded_size(tmp_path: Path) -> None:
    journal, store = Journal(tmp_path / "living"), InMemory()
    for number in range(10_000):
        journal.begin(start(f"r{number}"))
        journal.end(end(f"r{number}"))
    leave_behind(journal, tmp_path / "dead")
    await Recovery(tmp_path / "dead", store).recover()
    assert len(store.memory.attempts) == 10_000
    assert store.memory.largest_batch < 3000
    journal.close()


async def test_a_lost_attempt_keeps_what_is_known_of_it(tmp_path: Path) -> None:
    journal, store = Journal(tmp_path / "living"), InMemory()
    journal.begin(start("r1", started=1_764_000_000_000_000, user="bob"))
    leave_behind(journal, tmp_path / "dead")
    recovery = Recovery(tmp_path / "dead", store)
    await recovery.recover()
    begun = start("r1", started=1_764_000_000_000_000, user="bob")
    assert store.memory.attempts == {"r1-1": EndedAttempt(begun, None)}
    assert recovery.lost == 1
    journal.close()


async def test_a_lost_attempt_ends_as_it_was_metered_last(tmp_path: Path) -> None:
    journal, store = Journal(tmp_path / "living"), InMemory()
    for name in ("ended", "lost"):
        journal.begin(start(name))
        for output in (5, 6):
            journal.meter(end(name, outcome="lost", usage=Usage(input=3, output=output), cost=output))
    journal.end(end("ended"))
    leave_behind(journal, tmp_path / "dead")
    recovery = Recovery(tmp_path / "dead", store)
    await recovery.recover()
    assert (recovery.settled, recovery.lost, recovery.corrupt) == (1, 1, 0)
    assert store.memory.outcomes() == {"ended-1": "ok", "lost-1": "lost"}
    lost = store.memory.attempts["lost-1"]
    assert (lost.usage, lost.cost) == (Usage(input=3, output=6), 6)
    journal.close()


async def test_corrupt_lines_are_skipped_counted_and_reported(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    journal, store = Journal(tmp_path / "living"), InMemory()
    journal.begin(start("r1"))
    journal.end(end("r1"))
    journal.begin(start("r2"))
    (segment,) = leave_behind(journal, tmp_path / "dead").iterdir()
    lines = segment.read_bytes().splitlines(keepends=True)
    bad = [b"\0" * 100 + b"\n", b'+["half\n', b'=["r9-1","r9",1]\n~["half\n', b"\xff\xfe\n"]
    segment.write_bytes(b"".join(piece for pair in zip(bad, [*lines, b""], strict=True) for piece in pair))
    recovery = Recovery(tmp_path / "dead", store)
    with caplog.at_level(logging.WARNING, "turnout.ledger"):
        await recovery.recover()
    assert store.memory.outcomes() == {"r1-1": "ok", "r2-1": "lost"}
    assert recovery.corrupt == 5
    assert [r.getMessage() for r in caplog.records] == [
        "A process had died: 1 attempts settled, 1 lost, 5 lines unreadable."
    ]
    journal.close()


async def test_the_living_are_left_alone(tmp_path: Path) -> None:
    journal, store = Journal(tmp_path), InMemory()
    journal.begin(start("r1"))
    await Recovery(tmp_path, store).recover()
    assert store.memory.attempts == {}
    journal.end(end("r1"))
    await Settler(journal, store).settle()
    assert store.memory.outcomes()["r1-1"] == "ok"
    journal.close()


async def test_two_that_recover_at_once_settle_everything_once(tmp_path: Path) -> None:
    store = InMemory()
    for name in ("a", "b", "c"):
        journal = Journal(tmp_path / "living")
        for number in range(50):
            journal.begin(start(f"{name}{number}"))
            journal.end(end(f"{name}{number}"))
        leave_behind(journal, tmp_path / "dead")
        journal.close()
    both = [Recovery(tmp_path / "dead", store) for _ in range(2)]
    await asyncio.gather(*(recovery.recover() for recovery in both))
    assert len(store.memory.attempts) == 150
    assert sum(recovery.settled for recovery in both) == 150
    assert list((tmp_path / "dead").iterdir()) == []


async def test_a_database_that_fails_leaves_everything_for_the_next_time(tmp_path: Path) -> None:
    journal, store = Journal(tmp_path / "living"), InMemory()
    journal.begin(start("r1"))
    journal.end(end("r1"))
    leave_behind(journal, tmp_path / "dead")
    recovery = Recovery(tmp_path / "dead", store)
    store.memory.fails = True
    with pytest.raises(StorageUnavailable):
        await recovery.recover()
    store.memory.fails = False
    await recovery.recover()
    assert sorted(store.memory.attempts) == ["r1-1"]
    journal.close()


async def test_one_that_can_not_be_read_does_not_stop_the_others(tmp_path: Path) -> None:
    journal, store = Journal(tmp_path / "living"), InMemory()
    journal.begin(start("r1"))
    journal.end(end("r1"))
    left = leave_behind(journal, tmp_path / "dead")
    unreadable = tmp_path / "dead" / "0-0"
    (unreadable / "00000001.log").mkdir(parents=True)  # reading it is an OSError
    with pytest.raises(OSError, match="Is a directory"):
        await Recovery(tmp_path / "dead", store).recover()
    assert sorted(store.memory.attempts) == ["r1-1"]
    assert not left.exists()
    journal.close()


async def test_what_is_not_a_journal_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "empty").mkdir()
    await Recovery(tmp_path, InMemory()).recover()
    await Recovery(tmp_path / "nowhere", InMemory()).recover()
    assert names(tmp_path) == ["notes.txt"]


def test_a_long_journal_of_rubbish_is_survived(tmp_path: Path) -> None:
    (tmp_path / "dead" / "1-1").mkdir(parents=True)
    (tmp_path / "dead" / "1-1" / "00000001.log").write_bytes(b"\0" * 3_000_000)
    assert recovered(tmp_path / "dead") == {}
    shutil.rmtree(tmp_path / "dead")
