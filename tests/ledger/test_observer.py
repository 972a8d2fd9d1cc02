"""Whoever counts budgets is told what is settled: when all of it is, and until it has heard it."""

from __future__ import annotations

from pathlib import Path

import pytest

from turnout.errors import AllowanceStoreDown, StorageUnavailable
from turnout.ledger import Ledger, new_owner
from turnout.ledger.journal import Journal
from turnout.ledger.observer import Told
from turnout.ledger.recovery import Recovery
from turnout.ledger.settler import Settler

from .support import InMemory, end, leave_behind, start, until


class Count:
    """Writes down what it is told, and how many attempts were settled then. With ``fails`` it hears nothing."""

    def __init__(self, store: InMemory) -> None:
        self.fails = False
        self.heard: list[tuple[int | str, int]] = []
        self._memory = store.memory
        self._batch = 0

    def begin_batch(self) -> int:
        self._batch += 1
        return self._batch - 1

    async def settled(self, batch: int) -> None:
        self._hear(batch)

    async def release(self, owner: str) -> None:
        self._hear(owner)

    def _hear(self, word: int | str) -> None:
        if self.fails:
            raise AllowanceStoreDown("out of order.")
        self.heard.append((word, len(self._memory.attempts)))


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def record(journal: Journal, request_id: str) -> None:
    journal.begin(start(request_id))
    journal.end(end(request_id))


async def test_a_batch_is_told_when_all_of_it_is_settled(tmp_path: Path) -> None:
    journal, store = Journal(tmp_path, segment_bytes=2000), InMemory()
    count = Count(store)
    settler = Settler(journal, store, Told(count))
    for number in range(20):
        record(journal, f"r{number}")
    store.memory.meanwhile = lambda: record(journal, "later")
    await settler.settle()
    await settler.settle()
    assert [batch for batch, _ in count.heard] == [0, 1]
    assert (count.heard[0][1] >= 20, count.heard[1][1]) == (True, 21)
    store.memory.fails = True
    record(journal, "last")
    with pytest.raises(StorageUnavailable):
        await settler.settle()
    store.memory.fails = False
    await settler.settle()
    assert count.heard[2:] == [(3, 22)]
    journal.close()


async def test_what_is_not_even_in_the_journal_is_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its costs are in the batch, and the sums don't have them."""
    journal, store = Journal(tmp_path), InMemory()
    count = Count(store)
    settler = Settler(journal, store, Told(count))
    journal.begin(start("r1"))
    journal._stop_writing(OSError("no space"))
    journal.end(end("r1"))
    with monkeypatch.context() as patch:
        patch.setattr(journal, "resume", lambda: None)
        await settler.settle()
    assert (count.heard, journal.held() != []) == ([], True)
    await settler.settle()
    assert count.heard == [(1, 1)]
    journal.close()


async def test_a_count_that_fails_stops_no_settling_and_is_told_in_the_next_round(tmp_path: Path) -> None:
    journal, store = Journal(tmp_path), InMemory()
    count = Count(store)
    told = Told(count)
    settler = Settler(journal, store, told)
    count.fails = True
    for name in ("r1", "r2"):
        record(journal, name)
        await settler.settle()
    assert (len(store.memory.attempts), told.is_behind, told.condition.error is None) == (2, True, False)
    count.fails = False
    await settler.settle()
    assert (count.heard, told.is_behind, told.condition.error) == ([(2, 2)], False, None)
    journal.close()


async def test_a_dead_process_is_released_when_its_journal_is_settled(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its folder stays until the count has heard of it, and isn't read a second time."""
    journal, store = Journal(tmp_path / "living"), InMemory()
    record(journal, "r1")
    journal.begin(start("r2"))
    left = leave_behind(journal, tmp_path / "dead")
    journal.close()
    count = Count(store)
    count.fails = True
    recovery = Recovery(tmp_path / "dead", store, Told(count))
    for _ in range(2):
        await recovery.recover()
        assert (len(store.memory.attempts), [*left.iterdir()]) == (2, [])
    assert caplog.text.count("A process had died") == 1
    count.fails = False
    other = Recovery(tmp_path / "dead", store, Told(count))  # whoever finds it
    await other.recover()
    assert (count.heard, left.exists()) == ([(left.name, 2)], False)
    await recovery.recover()
    assert len(count.heard) == 1


async def test_a_folder_that_has_no_name_yet_is_nobody_s(tmp_path: Path) -> None:
    (tmp_path / ".7-1").mkdir()
    store = InMemory()
    count = Count(store)
    await Recovery(tmp_path, store, Told(count)).recover()
    assert (count.heard, names(tmp_path)) == ([], [])


async def test_a_ledger_that_closes_while_the_count_fails_leaves_its_folder_to_the_next(tmp_path: Path) -> None:
    count = Count(InMemory())
    count.fails = True
    ledger = await Ledger.open(tmp_path, observer=count)
    ledger.begin(start("r1"))
    ledger.end(end("r1"))
    await ledger.close()
    (left,) = (tmp_path / "journal").iterdir()
    assert left.name == ledger.owner
    count.fails = False
    ledger = await Ledger.open(tmp_path, observer=count)
    await until(lambda: not left.exists())
    assert left.name in [word for word, _ in count.heard]
    await ledger.close()


def test_the_owner_s_name_is_known_before_there_is_a_folder_and_stays(tmp_path: Path) -> None:
    obstacle, owner = tmp_path / "data", new_owner()
    obstacle.write_text("not a folder")
    journal = Journal(obstacle / "journal", owner=owner)
    assert (journal.owner, journal.condition.error is None) == (owner, False)
    obstacle.unlink()
    journal.resume()
    assert (journal.owner, names(obstacle / "journal")) == (owner, [owner])
    journal.close()
